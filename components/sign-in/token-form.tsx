'use client'

import { Button, Form } from '@patternfly/react-core'
import { type FormEvent, useState } from 'react'
import { FormField } from '../forms/form-field'
import { useT } from '../i18n/use-t'
import { FailureAlert } from '../kube/failure-alert'
import { useOptionalSession } from '../kube/session'
import { useAttempt } from '../kube/use-attempt'
import type { WayProps } from './password-form'
import { PasswordInput } from './password-input'
import { signInCaller } from './sign-in-call'

/** A bearer token of the cluster, pasted; it goes into the body of a call and nowhere else. */
export function TokenForm({ onSignedIn }: WayProps) {
  const t = useT()
  const session = useOptionalSession()
  const attempt = useAttempt()
  const [token, setToken] = useState('')
  const send = async (event: FormEvent) => {
    event.preventDefault()
    await attempt.run(async () => {
      // Terminals break long lines; a token has no spaces of its own.
      await signInCaller(session)('POST', '/auth/token', { body: { token: token.replace(/\s+/g, '') } })
      onSignedIn()
    })
  }
  return (
    <Form onSubmit={(event) => void send(event)} autoComplete="off" noValidate>
      <FailureAlert failure={attempt.failure} />
      <FormField label={t('signIn.token.label')} fieldId="sign-in-token" hint={t('signIn.token.hint')}>
        <PasswordInput id="sign-in-token" value={token} onChange={setToken} autoComplete="off" />
      </FormField>
      <Button
        type="submit"
        variant="primary"
        isBlock
        isLoading={attempt.busy}
        isDisabled={token.trim() === '' || attempt.busy}
      >
        {t('signIn.token.submit')}
      </Button>
    </Form>
  )
}
