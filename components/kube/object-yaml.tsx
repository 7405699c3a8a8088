'use client'

import {
  Alert,
  AlertActionLink,
  Button,
  Flex,
  FlexItem,
  HelperText,
  HelperTextItem,
  List,
  ListItem,
} from '@patternfly/react-core'
import { DownloadIcon } from '@patternfly/react-icons'
import type { Kind } from '@/contract/kinds/kind'
import type { KubeObject } from '@/contract/kube-object'
import { AskLink } from '../access/ask-link'
import { useT } from '../i18n/use-t'
import { saveFile } from '../ui/save-file'
import { YamlDiff, YamlEditor } from '../ui/yaml-editor'
import { FailureView } from './failure-view'
import styles from './object-yaml.module.css'
import { type Access, useAccess } from './use-access'
import { useKindSchema } from './use-kind-schema'
import { useYamlEditing, type YamlEditing } from './use-yaml-editing'

export interface ObjectYamlProps<T extends KubeObject> {
  kind: Kind<T>
  /** The object as it is now, live. */
  object: T
}

/** An object as YAML to read, change, compare and save; nothing a person typed is ever lost by a refusal. */
export function ObjectYaml<T extends KubeObject>({ kind, object }: ObjectYamlProps<T>) {
  const t = useT()
  const { namespace, name } = object.metadata
  const access = useAccess({
    verb: 'update',
    group: kind.group,
    resource: kind.plural,
    name,
    ...(namespace ? { namespace } : {}),
  })
  const readOnly = access.allowed === false
  const editing = useYamlEditing(kind, object)
  const schema = useKindSchema(kind)
  return (
    <div className={styles['page']}>
      <Notices editing={editing} access={access} />
      <div className={styles['editor']}>
        {editing.reviewing ? (
          <YamlDiff label={t('objects.yaml.diffLabel', { name })} before={editing.before} after={editing.text} />
        ) : (
          <YamlEditor
            label={t('objects.yaml.label', { name })}
            value={editing.text}
            onChange={editing.change}
            readOnly={readOnly}
            schema={schema}
          />
        )}
      </div>
      <Flex gap={{ default: 'gapSm' }} alignItems={{ default: 'alignItemsCenter' }}>
        {!readOnly && <EditButtons editing={editing} />}
        <Button
          variant="link"
          icon={<DownloadIcon />}
          onClick={() => saveFile(`${name}.yaml`, new Blob([editing.text], { type: 'application/yaml' }))}
        >
          {t('objects.yaml.download')}
        </Button>
        <FlexItem>
          <HelperText>
            <HelperTextItem>
              {t('objects.yaml.hidden')} {!readOnly && t('objects.yaml.tabHint')}
            </HelperTextItem>
          </HelperText>
        </FlexItem>
      </Flex>
    </div>
  )
}

function EditButtons({ editing }: { editing: YamlEditing }) {
  const t = useT()
  if (editing.reviewing) {
    return (
      <>
        <Button variant="primary" isLoading={editing.saving} isDisabled={editing.saving} onClick={editing.save}>
          {t(editing.saving ? 'objects.yaml.saving' : 'objects.yaml.saveNow')}
        </Button>
        <Button variant="secondary" isDisabled={editing.saving} onClick={editing.stopReview}>
          {t('objects.yaml.back')}
        </Button>
      </>
    )
  }
  return (
    <>
      <Button variant="primary" isDisabled={!editing.dirty} onClick={editing.review}>
        {t('objects.yaml.save')}
      </Button>
      <Button variant="secondary" isDisabled={!editing.dirty} onClick={editing.reload}>
        {t('objects.yaml.reload')}
      </Button>
    </>
  )
}

/** Everything one should know before going on, above the text. */
function Notices({ editing, access }: { editing: YamlEditing; access: Access }) {
  const t = useT()
  const overtaken = editing.conflict || editing.changedMeanwhile
  return (
    <>
      {access.allowed === false && (
        <Alert component="p" isInline isPlain variant="info" title={t('objects.yaml.readOnly')}>
          {access.reason} <AskLink missing={access.missing} />
        </Alert>
      )}
      {overtaken && (
        <Alert
          component="p"
          isInline
          variant="warning"
          title={t(editing.conflict ? 'objects.yaml.conflict.title' : 'objects.yaml.changed.title')}
          actionLinks={
            <>
              <AlertActionLink onClick={editing.merge}>{t('objects.yaml.changed.merge')}</AlertActionLink>
              <AlertActionLink onClick={editing.reload}>{t('objects.yaml.reload')}</AlertActionLink>
            </>
          }
        >
          {t(editing.conflict ? 'objects.yaml.conflict.body' : 'objects.yaml.changed.body')}
        </Alert>
      )}
      {editing.clashes && (
        <Alert
          component="p"
          isInline
          variant={editing.clashes.length > 0 ? 'warning' : 'info'}
          title={t('objects.yaml.merged.title')}
        >
          <p>{t('objects.yaml.merged.body')}</p>
          {editing.clashes.length > 0 && (
            <>
              <p>{t('objects.yaml.merged.clashes')}</p>
              <List>
                {editing.clashes.map((place) => (
                  <ListItem key={place}>
                    <code>{place}</code>
                  </ListItem>
                ))}
              </List>
            </>
          )}
        </Alert>
      )}
      {editing.problem && (
        <Alert component="p" isInline variant="danger" title={t(editing.problem.title)}>
          {editing.problem.words !== '' && <pre className={styles['words']}>{editing.problem.words}</pre>}
        </Alert>
      )}
      {editing.failure && <FailureView failure={editing.failure} small ofAction />}
    </>
  )
}
