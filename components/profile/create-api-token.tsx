'use client'

import {
  Alert,
  Button,
  Checkbox,
  ClipboardCopy,
  ClipboardCopyVariant,
  Content,
  Form,
  FormSelect,
  FormSelectOption,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  TextInput,
} from '@patternfly/react-core'
import { type FormEvent, useState } from 'react'
import type { CreatedApiToken } from '@/contract/people'
import { DialogFooter } from '../forms/dialog-footer'
import { describedBy, FormField } from '../forms/form-field'
import { useT } from '../i18n/use-t'
import { useConsoleApi } from '../kube/api'
import { FailureAlert } from '../kube/failure-alert'
import { useSession } from '../kube/session'
import { useAttempt } from '../kube/use-attempt'
import { saveFile } from '../ui/save-file'
import styles from './profile.module.css'
import { curlExample, tokenKubeconfig } from './token-examples'

/** Days. */
const lifetimes = [7, 30, 90, 365] as const

/** A new token: first its form, then its secret, which is never shown again. */
export function CreateApiToken({ onCreated, onClose }: { onCreated: () => void; onClose: () => void }) {
  const [created, setCreated] = useState<CreatedApiToken>()
  if (created) return <NewSecret token={created} onClose={onClose} />
  return (
    <TokenDetails
      onClose={onClose}
      onCreated={(token) => {
        setCreated(token)
        onCreated()
      }}
    />
  )
}

function TokenDetails({ onCreated, onClose }: { onCreated: (token: CreatedApiToken) => void; onClose: () => void }) {
  const t = useT()
  const call = useConsoleApi()
  const attempt = useAttempt()
  const [name, setName] = useState('')
  const [days, setDays] = useState(30)
  const [readOnly, setReadOnly] = useState(true)
  const send = async (event: FormEvent) => {
    event.preventDefault()
    if (name.trim() === '') return
    await attempt.run(async () => {
      const body = { name: name.trim(), expiresInDays: days, readOnly }
      // Our own gateway, agreed in contract/people.ts.
      onCreated((await call('POST', '/auth/api-tokens', { body })) as CreatedApiToken)
    })
  }
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="token-title">
      <ModalHeader
        title={t('profile.tokens.create')}
        labelId="token-title"
        description={t('profile.tokens.createBody')}
      />
      <ModalBody>
        <Form id="create-token" onSubmit={(event) => void send(event)} noValidate>
          <FailureAlert failure={attempt.failure} />
          <FormField label={t('profile.tokens.name')} fieldId="token-name" hint={t('profile.tokens.nameHint')} required>
            <TextInput
              id="token-name"
              value={name}
              maxLength={64}
              autoFocus
              isRequired
              onChange={(_event, value) => setName(value)}
              aria-describedby={describedBy('token-name')}
            />
          </FormField>
          <FormField label={t('profile.tokens.lifetime')} fieldId="token-days">
            <FormSelect id="token-days" value={days} onChange={(_event, value) => setDays(Number(value))}>
              {lifetimes.map((count) => (
                <FormSelectOption key={count} value={count} label={t('profile.tokens.days', { count })} />
              ))}
            </FormSelect>
          </FormField>
          <Checkbox
            id="token-read-only"
            label={t('profile.tokens.readOnly')}
            description={t('profile.tokens.readOnlyHint')}
            isChecked={readOnly}
            onChange={(_event, checked) => setReadOnly(checked)}
          />
        </Form>
      </ModalBody>
      <DialogFooter
        form="create-token"
        label={t('profile.tokens.create')}
        busy={attempt.busy}
        isDisabled={name.trim() === ''}
        onClose={onClose}
      />
    </Modal>
  )
}

function NewSecret({ token, onClose }: { token: CreatedApiToken; onClose: () => void }) {
  const t = useT()
  const { clusters } = useSession()
  const [cluster, setCluster] = useState(clusters[0]?.name ?? '')
  const example = { origin: window.location.origin, cluster, secret: token.secret }
  const kubeconfig = tokenKubeconfig(example)
  return (
    <Modal isOpen variant="medium" aria-labelledby="secret-title">
      <ModalHeader title={t('profile.tokens.ready', { name: token.name })} labelId="secret-title" />
      <ModalBody>
        <div className={styles['stack']}>
          <Alert
            isInline
            component="p"
            variant="warning"
            variantLabel={t('ui.variant.warning')}
            title={t('profile.tokens.once')}
          />
          <Copyable text={token.secret} label={t('profile.tokens.secret')} />
          {clusters.length > 1 && (
            <FormSelect
              aria-label={t('profile.tokens.cluster')}
              value={cluster}
              onChange={(_event, value) => setCluster(value)}
            >
              {clusters.map(({ name, displayName }) => (
                <FormSelectOption key={name} value={name} label={displayName} />
              ))}
            </FormSelect>
          )}
          {cluster !== '' && (
            <div>
              <Content component="p">{t('profile.tokens.curl')}</Content>
              <Copyable text={curlExample(example)} label={t('profile.tokens.curl')} block />
            </div>
          )}
          {kubeconfig === undefined ? (
            <Content component="small">{t('profile.tokens.noKubeconfig')}</Content>
          ) : (
            <div>
              <Button
                variant="secondary"
                onClick={() => saveFile(`chiave-${cluster}.kubeconfig`, new Blob([kubeconfig], { type: 'text/plain' }))}
              >
                {t('profile.tokens.kubeconfig')}
              </Button>
            </div>
          )}
        </div>
      </ModalBody>
      <ModalFooter>
        <Button variant="primary" onClick={onClose}>
          {t('profile.codes.done')}
        </Button>
      </ModalFooter>
    </Modal>
  )
}

function Copyable({ text, label, block }: { text: string; label: string; block?: boolean }) {
  const t = useT()
  return (
    <ClipboardCopy
      isReadOnly
      isCode
      {...(block ? { variant: ClipboardCopyVariant.expansion, isExpanded: true } : {})}
      hoverTip={t('ui.copy.copy')}
      clickTip={t('ui.copy.done')}
      textAriaLabel={label}
      toggleAriaLabel={label}
    >
      {text}
    </ClipboardCopy>
  )
}
