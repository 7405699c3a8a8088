'use client'

import { Divider, ExpandableSection } from '@patternfly/react-core'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import type { SignInSource } from '@/contract/people'
import { useT } from '../i18n/use-t'
import { ApiFailure } from '../kube/api'
import { FailureView } from '../kube/failure-view'
import { LoadingView } from '../ui/views'
import { arrangeWays, type FormWay } from './arrange-ways'
import { LinkHelp } from './link-help'
import { PasswordForm, type WayProps } from './password-form'
import { ProviderButton, ProxyButton } from './provider-button'
import styles from './sign-in.module.css'
import { readSignInMethods } from './sign-in-call'
import { TokenForm } from './token-form'

export interface SignInWaysProps extends WayProps {
  /** The way that comes first: how the person signed in before. */
  first?: SignInSource | undefined
  /** Where a provider should lead back to; left out: this page stays open meanwhile. */
  returnTo?: string | undefined
}

/** Every way of signing in that this console offers, the likeliest one open. */
export function SignInWays({ first, returnTo, ...way }: SignInWaysProps) {
  const t = useT()
  const { data, error, refetch } = useQuery({ queryKey: ['sign-in-methods'], queryFn: readSignInMethods })
  if (error && !data) {
    return error instanceof ApiFailure ? <FailureView small failure={error} onRetry={() => void refetch()} /> : null
  }
  if (!data) return <LoadingView lines={4} label={t('signIn.loading')} />
  const { open, buttons, folded } = arrangeWays(data, first)
  return (
    <div className={styles['ways']}>
      {open && <Form type={open} way={way} />}
      {open && buttons.length > 0 && <Or />}
      {buttons.map((method) =>
        method.type === 'oidc' ? (
          <ProviderButton key={method.id} method={method} returnTo={returnTo} />
        ) : (
          <ProxyButton key={method.type} {...way} />
        ),
      )}
      {(open || buttons.length > 0) && folded.length > 0 && <Divider />}
      {folded.map((type) => (
        <Folded key={type} title={t(`signIn.other.${type}`)}>
          <Form type={type} way={way} />
        </Folded>
      ))}
    </div>
  )
}

function Form({ type, way }: { type: FormWay; way: WayProps }) {
  if (type === 'password') return <PasswordForm {...way} />
  if (type === 'token') return <TokenForm {...way} />
  return <LinkHelp />
}

function Or() {
  const t = useT()
  return (
    <div className={styles['or']}>
      <span>{t('signIn.or')}</span>
    </div>
  )
}

function Folded({ title, children }: { title: string; children: ReactNode }) {
  const [open, setOpen] = useState(false)
  return (
    <ExpandableSection toggleText={title} isExpanded={open} onToggle={(_event, next) => setOpen(next)} isIndented>
      {/* What is folded away takes no part in filling in or focussing. */}
      {open && children}
    </ExpandableSection>
  )
}
