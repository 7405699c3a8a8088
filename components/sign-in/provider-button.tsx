'use client'

import { Button } from '@patternfly/react-core'
import { ExternalLinkAltIcon } from '@patternfly/react-icons'
import { useState } from 'react'
import type { SignInMethod } from '@/contract/people'
import { useT } from '../i18n/use-t'
import { FailureAlert } from '../kube/failure-alert'
import { useOptionalSession } from '../kube/session'
import { useAttempt } from '../kube/use-attempt'
import type { WayProps } from './password-form'
import { signInCaller } from './sign-in-call'

/** Where a window that signs in ends; it tells the page that opened it and closes. */
export const donePath = '/sign-in/done'

export interface ProviderButtonProps {
  method: Extract<SignInMethod, { type: 'oidc' }>
  /** The page to come back to; left out: in a window beside this page, which stays as it is. */
  returnTo?: string | undefined
}

/** Leads to an identity provider. */
export function ProviderButton({ method, returnTo }: ProviderButtonProps) {
  const t = useT()
  const [blocked, setBlocked] = useState(false)
  const href = `/auth/oidc/${encodeURIComponent(method.id)}/start?return=${encodeURIComponent(returnTo ?? donePath)}`
  const words = t('signIn.provider.continue', { name: method.displayName })
  if (returnTo !== undefined) {
    return (
      <Button component="a" href={href} variant="secondary" isBlock>
        {words}
      </Button>
    )
  }
  if (blocked) {
    return (
      <Button component="a" href={href} target="_blank" variant="secondary" isBlock icon={<ExternalLinkAltIcon />}>
        {t('signIn.provider.newTab', { name: method.displayName })}
      </Button>
    )
  }
  return (
    <Button
      variant="secondary"
      isBlock
      icon={<ExternalLinkAltIcon />}
      onClick={() => setBlocked(window.open(href, 'chiave-sign-in', 'popup,width=560,height=720') === null)}
    >
      {words}
    </Button>
  )
}

/** The reverse proxy in front knows already who this is. */
export function ProxyButton({ onSignedIn }: WayProps) {
  const t = useT()
  const session = useOptionalSession()
  const attempt = useAttempt()
  return (
    <>
      <FailureAlert failure={attempt.failure} />
      <Button
        variant="secondary"
        isBlock
        isLoading={attempt.busy}
        isDisabled={attempt.busy}
        onClick={() =>
          void attempt.run(async () => {
            await signInCaller(session)('POST', '/auth/proxy')
            onSignedIn()
          })
        }
      >
        {t('signIn.proxy')}
      </Button>
    </>
  )
}
