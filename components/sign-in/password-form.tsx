'use client'

import { Button, Form, FormGroup, TextInput } from '@patternfly/react-core'
import { type FormEvent, useState } from 'react'
import { signInReasons } from '@/contract/people'
import { FormField } from '../forms/form-field'
import { useT } from '../i18n/use-t'
import { ApiFailure } from '../kube/api'
import { FailureAlert } from '../kube/failure-alert'
import { useOptionalSession } from '../kube/session'
import { useAttempt } from '../kube/use-attempt'
import { PasswordInput } from './password-input'
import { hasReason, signInCaller } from './sign-in-call'

export interface WayProps {
  /** Who has to sign in again; left out on the sign-in page. */
  user?: string | undefined
  onSignedIn: () => void
}

/** Name and password, and in a second step the code of the second factor. */
export function PasswordForm({ user, onSignedIn }: WayProps) {
  const t = useT()
  const session = useOptionalSession()
  const attempt = useAttempt()
  const [username, setUsername] = useState(user ?? '')
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [step, setStep] = useState<'password' | 'code' | 'recovery'>('password')
  const send = async (event: FormEvent) => {
    event.preventDefault()
    const ok = await attempt.run(async () => {
      const body = { username: username.trim(), password, ...(step === 'password' ? {} : { code: code.trim() }) }
      try {
        await signInCaller(session)('POST', '/auth/password', { body })
      } catch (cause) {
        // The first question for the code is the next step, not a failure.
        if (step !== 'password' || !(cause instanceof ApiFailure) || !hasReason(cause, signInReasons.codeRequired))
          throw cause
        setStep('code')
        return
      }
      onSignedIn()
    })
    // A code works once: a refused one is not worth keeping.
    if (!ok) setCode('')
  }
  const complete = username.trim() !== '' && password !== '' && (step === 'password' || code.trim() !== '')
  return (
    <Form onSubmit={(event) => void send(event)} noValidate>
      <FailureAlert failure={attempt.failure} />
      {step === 'password' ? (
        <>
          <FormGroup label={t('signIn.password.user')} fieldId="sign-in-user">
            <TextInput
              id="sign-in-user"
              name="username"
              value={username}
              onChange={(_event, value) => setUsername(value)}
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              {...(user === undefined ? { autoFocus: true } : { readOnlyVariant: 'default' as const })}
            />
          </FormGroup>
          <FormGroup label={t('signIn.password.password')} fieldId="sign-in-password">
            <PasswordInput
              id="sign-in-password"
              value={password}
              onChange={setPassword}
              autoComplete="current-password"
              autoFocus={user !== undefined}
            />
          </FormGroup>
        </>
      ) : (
        <CodeField key={step} step={step} code={code} onCode={setCode} onStep={setStep} />
      )}
      <Button type="submit" variant="primary" isBlock isLoading={attempt.busy} isDisabled={!complete || attempt.busy}>
        {t('signIn.submit')}
      </Button>
      {step !== 'password' && (
        <Button
          variant="link"
          isInline
          onClick={() => {
            attempt.reset()
            setCode('')
            setPassword('')
            setStep('password')
          }}
        >
          {t('signIn.code.back')}
        </Button>
      )}
    </Form>
  )
}

interface CodeFieldProps {
  step: 'code' | 'recovery'
  code: string
  onCode: (code: string) => void
  onStep: (step: 'code' | 'recovery') => void
}

function CodeField({ step, code, onCode, onStep }: CodeFieldProps) {
  const t = useT()
  const other = step === 'code' ? 'recovery' : 'code'
  return (
    <FormField
      label={t(`signIn.code.${step}`)}
      fieldId="sign-in-code"
      hint={
        <>
          {t(`signIn.code.${step}Hint`)}{' '}
          <Button
            variant="link"
            isInline
            onClick={() => {
              onCode('')
              onStep(other)
            }}
          >
            {t(`signIn.code.${other}Instead`)}
          </Button>
        </>
      }
    >
      <TextInput
        id="sign-in-code"
        name="code"
        value={code}
        onChange={(_event, value) => onCode(value)}
        autoComplete={step === 'code' ? 'one-time-code' : 'off'}
        inputMode={step === 'code' ? 'numeric' : 'text'}
        spellCheck={false}
        autoFocus
        aria-describedby="sign-in-code-help"
        style={{ fontFamily: 'var(--pf-t--global--font--family--mono)' }}
      />
    </FormField>
  )
}
