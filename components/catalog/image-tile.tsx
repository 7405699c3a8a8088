'use client'

import { Card, CardBody, CardFooter, CardHeader, CardTitle, Content, Label } from '@patternfly/react-core'
import type { ReactNode } from 'react'
import { useT } from '../i18n/use-t'
import styles from './image-tile.module.css'

export interface ImageTileProps {
  id: string
  name: string
  description: string
  mark: ReactNode
  /** Small print: what it needs. */
  needs?: string
  notes?: readonly string[]
  /** Why it cannot be chosen; undefined when it can. */
  refusal?: string | undefined
  onChoose: () => void
}

/** One thing to start from, as a tile that is a button. */
export function ImageTile({ id, name, description, mark, needs, notes = [], refusal, onChoose }: ImageTileProps) {
  const t = useT()
  return (
    <Card
      id={`image-${id}`}
      className={styles['tile'] ?? ''}
      isClickable
      isCompact
      isDisabled={refusal !== undefined}
      data-testid={`image-${id}`}
    >
      <CardHeader
        selectableActions={{
          onClickAction: onChoose,
          selectableActionId: `choose-${id}`,
          selectableActionAriaLabel: t('create.image.choose', { name }),
        }}
      >
        <div className={styles['head']}>
          <span className={styles['mark']} aria-hidden="true">
            {mark}
          </span>
          <CardTitle component="h3">{name}</CardTitle>
        </div>
      </CardHeader>
      <CardBody>{description}</CardBody>
      {(needs !== undefined || notes.length > 0 || refusal !== undefined) && (
        <CardFooter>
          {refusal ?? <Content component="small">{needs}</Content>}
          {notes.map((note) => (
            <Label key={note} isCompact variant="outline" color="teal">
              {note}
            </Label>
          ))}
        </CardFooter>
      )}
    </Card>
  )
}
