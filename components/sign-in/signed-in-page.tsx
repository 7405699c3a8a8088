'use client'

import { CheckCircleIcon } from '@patternfly/react-icons'
import { useEffect } from 'react'
import { useT } from '../i18n/use-t'
import { announceSignIn } from '../kube/sign-in-again'
import { BarePage } from '../shell/bare-page'
import { paths } from '../shell/paths'
import { LinkButton } from '../ui/link-button'
import { EmptyView } from '../ui/views'

/** Where a window ends that signed in for another one: it tells the other and goes away. */
export function SignedInPage() {
  const t = useT()
  useEffect(() => {
    document.title = `${t('signIn.done.title')} · Chiave`
    announceSignIn()
    window.close()
  }, [t])
  return (
    <BarePage>
      <EmptyView
        headingLevel="h1"
        icon={CheckCircleIcon}
        title={t('signIn.done.title')}
        body={t('signIn.done.body')}
        action={<LinkButton href={paths.home()}>{t('signIn.done.home')}</LinkButton>}
      />
    </BarePage>
  )
}
