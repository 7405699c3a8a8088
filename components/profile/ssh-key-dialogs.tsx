'use client'

import { Button, Form, Modal, ModalBody, ModalHeader, TextArea, TextInput } from '@patternfly/react-core'
import { type ChangeEvent, type FormEvent, useRef, useState } from 'react'
import { readSshPublicKey, type SshPublicKey } from '@/contract/cloud-init/ssh-public-key'
import type { Profile } from '@/contract/people'
import { DialogFooter } from '../forms/dialog-footer'
import { describedBy, FormField } from '../forms/form-field'
import { useT } from '../i18n/use-t'
import { FailureAlert } from '../kube/failure-alert'
import { useAttempt } from '../kube/use-attempt'
import { useProfileChange } from '../kube/use-profile'
import { Fingerprint } from './fingerprint'
import styles from './profile.module.css'

type SshKey = Profile['sshKeys'][number]

/** More than any public key has. Bytes. */
const largestKeyFile = 16_384

/** A public key from the clipboard or a file. */
export function AddSshKey({ known, onClose }: { known: readonly SshKey[]; onClose: () => void }) {
  const t = useT()
  const attempt = useAttempt()
  const { change } = useProfileChange()
  const [text, setText] = useState('')
  const [name, setName] = useState('')
  const [tried, setTried] = useState(false)
  const read = readSshPublicKey(text)
  const problem = typeof read === 'string' ? read : isKnown(read, known) ? 'known' : undefined
  const error = problem !== undefined && (tried || text !== '') ? t(`profile.keys.problem.${problem}`) : undefined
  const shownName = name === '' && typeof read !== 'string' ? read.comment : name
  const send = async (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (typeof read === 'string' || problem !== undefined) return
    const entry = { name: shownName.trim().slice(0, 64) || read.type, key: text.trim() }
    const ok = await attempt.run(async () => {
      await change((profile) => ({ ...profile, sshKeys: [...profile.sshKeys, entry] }))
    })
    if (ok) onClose()
  }
  return (
    <Modal isOpen variant="medium" onClose={onClose} aria-labelledby="add-key-title">
      <ModalHeader title={t('profile.keys.add')} labelId="add-key-title" />
      <ModalBody>
        <Form id="add-key" onSubmit={(event) => void send(event)} noValidate>
          <FailureAlert failure={attempt.failure} />
          <FormField label={t('profile.keys.key')} fieldId="key-text" error={error} hint={t('profile.keys.keyHint')}>
            <TextArea
              id="key-text"
              value={text}
              onChange={(_event, value) => setText(value)}
              rows={4}
              autoFocus
              spellCheck={false}
              placeholder="ssh-ed25519 AAAA…"
              aria-describedby={describedBy('key-text')}
              validated={error === undefined ? 'default' : 'error'}
              className={styles['code'] ?? ''}
            />
            <FileButton onText={setText} />
          </FormField>
          {typeof read !== 'string' && (
            <FormField label={t('profile.keys.fingerprint')} fieldId="key-fingerprint">
              <span>
                {read.type} <Fingerprint of={text.trim()} />
              </span>
            </FormField>
          )}
          <FormField label={t('profile.keys.name')} fieldId="key-name" hint={t('profile.keys.nameHint')}>
            <TextInput
              id="key-name"
              value={shownName}
              maxLength={64}
              onChange={(_event, value) => setName(value)}
              aria-describedby={describedBy('key-name')}
            />
          </FormField>
        </Form>
      </ModalBody>
      <DialogFooter form="add-key" label={t('profile.keys.add')} busy={attempt.busy} onClose={onClose} />
    </Modal>
  )
}

function isKnown(read: SshPublicKey, known: readonly SshKey[]): boolean {
  return known.some(({ key }) => {
    const other = readSshPublicKey(key)
    return typeof other !== 'string' && other.blob === read.blob
  })
}

function FileButton({ onText }: { onText: (text: string) => void }) {
  const t = useT()
  const input = useRef<HTMLInputElement>(null)
  const take = async (event: ChangeEvent<HTMLInputElement>) => {
    const [file] = event.target.files ?? []
    // Choosing the same file again should read it again.
    event.target.value = ''
    if (file) onText((await file.slice(0, largestKeyFile).text()).trim())
  }
  return (
    <div>
      <input ref={input} type="file" accept=".pub,text/plain" hidden onChange={(event) => void take(event)} />
      <Button variant="link" isInline onClick={() => input.current?.click()}>
        {t('profile.keys.fromFile')}
      </Button>
    </div>
  )
}

/** Another name for a key. */
export function RenameSshKey({ sshKey, onClose }: { sshKey: SshKey; onClose: () => void }) {
  const t = useT()
  const attempt = useAttempt()
  const { change } = useProfileChange()
  const [name, setName] = useState(sshKey.name)
  const send = async (event: FormEvent) => {
    event.preventDefault()
    if (name.trim() === '') return
    const ok = await attempt.run(async () => {
      await change((profile) => ({
        ...profile,
        sshKeys: profile.sshKeys.map((key) => (key.key === sshKey.key ? { ...key, name: name.trim() } : key)),
      }))
    })
    if (ok) onClose()
  }
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="rename-key-title">
      <ModalHeader title={t('profile.keys.renameTitle', { name: sshKey.name })} labelId="rename-key-title" />
      <ModalBody>
        <Form id="rename-key" onSubmit={(event) => void send(event)} noValidate>
          <FailureAlert failure={attempt.failure} />
          <FormField label={t('profile.keys.name')} fieldId="key-new-name">
            <TextInput
              id="key-new-name"
              value={name}
              maxLength={64}
              autoFocus
              onChange={(_event, value) => setName(value)}
            />
          </FormField>
        </Form>
      </ModalBody>
      <DialogFooter form="rename-key" label={t('profile.keys.rename')} busy={attempt.busy} onClose={onClose} />
    </Modal>
  )
}
