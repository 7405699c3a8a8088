'use client'

import { Alert, Button, SearchInput, Stack, StackItem, Title } from '@patternfly/react-core'
import { CopyIcon, GlobeIcon, PlusSquareIcon } from '@patternfly/react-icons'
import { type ComponentType, useState } from 'react'
import { AskLink } from '../access/ask-link'
import { formatBytes } from '../i18n/format'
import { useLanguage, useT } from '../i18n/use-t'
import { EmptyView, LoadingView } from '../ui/views'
import { filterImages, type OwnSource, ownSources } from './image-choice'
import { ImageMark } from './image-mark'
import { ImageTile } from './image-tile'
import styles from './image-tile.module.css'
import { useCatalog } from './use-catalog'

const ownMarks: Record<OwnSource, ComponentType> = { url: GlobeIcon, claim: CopyIcon, blank: PlusSquareIcon }

/** Everything a machine can start from; choosing one calls back with its id. */
export function ImageGallery({ onChoose }: { onChoose: (id: string) => void }) {
  const t = useT()
  const language = useLanguage()
  const { images, loaded, problems, missing } = useCatalog()
  const [text, setText] = useState('')
  const shown = filterImages(images, text)
  return (
    <Stack hasGutter>
      {problems.map((problem) => (
        <StackItem key={problem.title + problem.words}>
          <Alert component="p" isInline variant="warning" title={problem.title}>
            {problem.words}
          </Alert>
        </StackItem>
      ))}
      {missing && (
        <StackItem>
          <Alert component="p" isInline isPlain variant="info" title={t('create.image.notVisible')}>
            <AskLink missing={missing} />
          </Alert>
        </StackItem>
      )}
      <StackItem>
        <SearchInput
          aria-label={t('create.image.filter')}
          placeholder={t('create.image.filter')}
          value={text}
          onChange={(_event, value) => setText(value)}
          onClear={() => setText('')}
          style={{ maxInlineSize: '24rem' }}
        />
      </StackItem>
      <StackItem>
        <h2 className="pf-v6-screen-reader">{t('create.image.gallery')}</h2>
        <section aria-label={t('create.image.gallery')} className={styles['gallery']}>
          {shown.map((image) => (
            <ImageTile
              key={image.id}
              id={image.id}
              name={image.name}
              description={image.description}
              mark={<ImageMark family={image.family} />}
              needs={t('create.image.minimum', {
                memory: formatBytes(image.minimumMemory, language),
                disk: formatBytes(image.minimumDisk, language),
              })}
              notes={image.seed === 'ignition' ? [t('create.image.keysOnly')] : []}
              refusal={image.refusal}
              onChoose={() => onChoose(image.id)}
            />
          ))}
        </section>
        {!loaded && <LoadingView lines={4} />}
        {loaded && shown.length === 0 && (
          <EmptyView
            small
            title={t('create.image.none')}
            body={t('create.image.noneBody')}
            action={
              <Button variant="link" onClick={() => setText('')}>
                {t('create.image.clear')}
              </Button>
            }
          />
        )}
      </StackItem>
      <StackItem>
        <Title headingLevel="h2" size="lg">
          {t('create.image.own')}
        </Title>
      </StackItem>
      <StackItem>
        <section aria-label={t('create.image.own')} className={styles['gallery']}>
          {ownSources.map((source) => {
            const Mark = ownMarks[source]
            return (
              <ImageTile
                key={source}
                id={source}
                name={t(`create.image.${source}.name`)}
                description={t(`create.image.${source}.description`)}
                mark={<Mark />}
                onChoose={() => onChoose(source)}
              />
            )
          })}
        </section>
      </StackItem>
    </Stack>
  )
}
