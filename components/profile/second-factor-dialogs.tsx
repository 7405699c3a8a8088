'use client'

import {
  Button,
  Checkbox,
  Content,
  Form,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  TextInput,
} from '@patternfly/react-core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { RecoveryCodes, TotpEnrolment } from '@/contract/people'
import { DialogFooter } from '../forms/dialog-footer'
import { describedBy, FormField } from '../forms/form-field'
import { useT } from '../i18n/use-t'
import { ApiFailure, useConsoleApi } from '../kube/api'
import { FailureAlert } from '../kube/failure-alert'
import { FailureView } from '../kube/failure-view'
import { useAttempt } from '../kube/use-attempt'
import { PasswordInput } from '../sign-in/password-input'
import { CopyButton } from '../ui/copy-button'
import { saveFile } from '../ui/save-file'
import { LoadingView } from '../ui/views'
import styles from './profile.module.css'
import { QrCode } from './qr-code'

/** From a new secret to recovery codes: the app is tried out before anything depends on it. */
export function SetUpSecondFactor({ onClose }: { onClose: () => void }) {
  const [codes, setCodes] = useState<readonly string[]>()
  return codes ? <KeepCodes codes={codes} onClose={onClose} /> : <Enrol onCodes={setCodes} onClose={onClose} />
}

function Enrol({ onCodes, onClose }: { onCodes: (codes: readonly string[]) => void; onClose: () => void }) {
  const t = useT()
  const call = useConsoleApi()
  const attempt = useAttempt()
  const [code, setCode] = useState('')
  // Each opening of the dialog has a secret of its own, and none is kept afterwards.
  const [opening] = useState(() => Date.now())
  const { data, error, refetch } = useQuery({
    queryKey: ['totp-enrolment', opening],
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
    // Our own gateway, agreed in contract/people.ts.
    queryFn: async () => (await call('POST', '/auth/profile/totp')) as TotpEnrolment,
  })
  const send = async (event: FormEvent) => {
    event.preventDefault()
    const ok = await attempt.run(async () => {
      const body = { code: code.replace(/\s/g, '') }
      // Our own gateway, agreed in contract/people.ts.
      onCodes(((await call('PUT', '/auth/profile/totp', { body })) as RecoveryCodes).recoveryCodes)
    })
    if (!ok) setCode('')
  }
  return (
    <Modal isOpen variant="medium" onClose={onClose} aria-labelledby="totp-title">
      <ModalHeader title={t('profile.totp.setUp')} labelId="totp-title" description={t('profile.totp.scan')} />
      <ModalBody>
        {error instanceof ApiFailure && <FailureView small failure={error} onRetry={() => void refetch()} />}
        {!error && !data && <LoadingView />}
        {data && (
          <Form id="totp" onSubmit={(event) => void send(event)} autoComplete="off" noValidate>
            <div className={styles['enrol']}>
              <QrCode text={data.uri} label={t('profile.totp.qr')} />
              <div className={styles['stack']}>
                <div>
                  <Content component="p">{t('profile.totp.byHand')}</Content>
                  <span className={styles['row']}>
                    <code className={styles['code']} data-testid="totp-secret">
                      {inGroups(data.secret)}
                    </code>
                    <CopyButton text={data.secret} label={t('profile.totp.copyKey')} />
                  </span>
                </div>
                <FailureAlert failure={attempt.failure} />
                <FormField label={t('signIn.code.code')} fieldId="totp-code" hint={t('profile.totp.tryOut')}>
                  <TextInput
                    id="totp-code"
                    value={code}
                    onChange={(_event, value) => setCode(value)}
                    inputMode="numeric"
                    autoComplete="one-time-code"
                    aria-describedby={describedBy('totp-code')}
                    className={styles['code'] ?? ''}
                  />
                </FormField>
              </div>
            </div>
          </Form>
        )}
      </ModalBody>
      <DialogFooter
        form="totp"
        label={t('profile.totp.confirm')}
        busy={attempt.busy}
        isDisabled={!data || code.trim() === ''}
        onClose={onClose}
      />
    </Modal>
  )
}

/** A key as people type it: in groups of four. */
function inGroups(secret: string): string {
  return secret.match(/.{1,4}/g)?.join(' ') ?? secret
}

/** The only time that the codes are shown, so the dialog does not close by accident. */
function KeepCodes({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  const t = useT()
  const [kept, setKept] = useState(false)
  const text = `${codes.join('\n')}\n`
  return (
    <Modal isOpen variant="medium" aria-labelledby="codes-title">
      <ModalHeader
        title={t('profile.codes.title')}
        labelId="codes-title"
        titleIconVariant="success"
        description={t('profile.codes.body')}
      />
      <ModalBody>
        <div className={styles['stack']}>
          <ul className={styles['codes']} aria-label={t('profile.codes.title')}>
            {codes.map((code) => (
              <li key={code}>{code}</li>
            ))}
          </ul>
          <div className={styles['row']}>
            <CopyButton text={text} label={t('profile.codes.copy')} />
            <Button
              variant="secondary"
              onClick={() => saveFile('chiave-recovery-codes.txt', new Blob([text], { type: 'text/plain' }))}
            >
              {t('profile.codes.save')}
            </Button>
          </div>
          <Checkbox
            id="codes-kept"
            label={t('profile.codes.kept')}
            isChecked={kept}
            onChange={(_event, checked) => setKept(checked)}
          />
        </div>
      </ModalBody>
      <ModalFooter>
        <Button variant="primary" isDisabled={!kept} onClick={onClose}>
          {t('profile.codes.done')}
        </Button>
      </ModalFooter>
    </Modal>
  )
}

/** Takes the second factor away; who does that must know the password. */
export function RemoveSecondFactor({ onClose }: { onClose: () => void }) {
  const t = useT()
  const call = useConsoleApi()
  const attempt = useAttempt()
  const [password, setPassword] = useState('')
  const send = async (event: FormEvent) => {
    event.preventDefault()
    const ok = await attempt.run(async () => {
      await call('DELETE', '/auth/profile/totp', { body: { password } })
    })
    if (ok) onClose()
  }
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="totp-remove-title">
      <ModalHeader
        title={t('profile.totp.removeTitle')}
        labelId="totp-remove-title"
        titleIconVariant="warning"
        description={t('profile.totp.removeBody')}
      />
      <ModalBody>
        <Form id="totp-remove" onSubmit={(event) => void send(event)} noValidate>
          <FailureAlert failure={attempt.failure} />
          <FormField label={t('profile.password.current')} fieldId="totp-password">
            <PasswordInput
              id="totp-password"
              value={password}
              onChange={setPassword}
              autoComplete="current-password"
              autoFocus
            />
          </FormField>
        </Form>
      </ModalBody>
      <DialogFooter
        form="totp-remove"
        label={t('profile.totp.remove')}
        busy={attempt.busy}
        isDisabled={password === ''}
        danger
        onClose={onClose}
      />
    </Modal>
  )
}
