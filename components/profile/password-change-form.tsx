'use client'

import { Button, Form } from '@patternfly/react-core'
import { type FormEvent, useState } from 'react'
import { shortestPassword } from '@/contract/people'
import { FormField } from '../forms/form-field'
import { useT } from '../i18n/use-t'
import { useConsoleApi } from '../kube/api'
import { FailureAlert } from '../kube/failure-alert'
import { useAttempt } from '../kube/use-attempt'
import { PasswordInput } from '../sign-in/password-input'

/** Changes one's own password; every other session of the person ends with the old one. */
export function PasswordChangeForm({ onChanged }: { onChanged: () => void }) {
  const t = useT()
  const call = useConsoleApi()
  const attempt = useAttempt()
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const [again, setAgain] = useState('')
  const short = next !== '' && next.length < shortestPassword
  const different = again !== '' && again !== next
  const ready = current !== '' && next.length >= shortestPassword && again === next
  const send = async (event: FormEvent) => {
    event.preventDefault()
    if (!ready) return
    const ok = await attempt.run(async () => {
      await call('POST', '/auth/profile/password', { body: { current, next } })
    })
    if (!ok) return
    for (const clear of [setCurrent, setNext, setAgain]) clear('')
    onChanged()
  }
  return (
    <Form onSubmit={(event) => void send(event)} isWidthLimited noValidate>
      <FailureAlert failure={attempt.failure} />
      <FormField label={t('profile.password.current')} fieldId="password-current">
        <PasswordInput id="password-current" value={current} onChange={setCurrent} autoComplete="current-password" />
      </FormField>
      <FormField
        label={t('profile.password.next')}
        fieldId="password-next"
        hint={t('profile.password.rules', { count: shortestPassword })}
        error={short ? t('profile.password.short', { count: shortestPassword }) : undefined}
      >
        <PasswordInput id="password-next" value={next} onChange={setNext} autoComplete="new-password" invalid={short} />
      </FormField>
      <FormField
        label={t('profile.password.again')}
        fieldId="password-again"
        error={different ? t('profile.password.different') : undefined}
      >
        <PasswordInput
          id="password-again"
          value={again}
          onChange={setAgain}
          autoComplete="new-password"
          invalid={different}
        />
      </FormField>
      <div>
        <Button type="submit" variant="primary" isLoading={attempt.busy} isDisabled={!ready || attempt.busy}>
          {t('profile.password.change')}
        </Button>
      </div>
    </Form>
  )
}
