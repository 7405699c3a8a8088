'use client'

import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { SessionInfo } from '@/contract/session'
import { useT } from '../i18n/use-t'
import { SessionProvider } from '../kube/session'
import { announceSignIn, isSession, readSession } from '../kube/sign-in-again'
import { goToSignIn } from '../kube/sign-in-redirect'
import { MustChangePassword } from '../profile/must-change-password'
import { SignInDialogHost } from '../sign-in/sign-in-dialog'
import { ErrorView, LoadingView } from '../ui/views'
import { BarePage } from './bare-page'
import { PreferenceSync } from './preference-sync'

/** Lets signed-in people through; others go to the sign-in page and come back afterwards. */
export function SessionGate({ children }: { children: ReactNode }) {
  const t = useT()
  const { data, error, refetch } = useQuery({
    queryKey: ['session'],
    queryFn: enter,
    staleTime: Infinity,
    retry: 1,
  })
  if (data) {
    return (
      <SessionProvider session={data}>
        {data.mustChangePassword ? (
          <MustChangePassword />
        ) : (
          <>
            <PreferenceSync />
            {children}
          </>
        )}
        <SignInDialogHost />
      </SessionProvider>
    )
  }
  return (
    <BarePage>
      {error ? (
        <ErrorView
          headingLevel="h1"
          title={t('errors.unreachable.title')}
          wayOut={t('errors.unreachable.wayOut')}
          onRetry={() => void refetch()}
        />
      ) : (
        <LoadingView label={t('shell.loadingSession')} />
      )}
    </BarePage>
  )
}

/** The signed-in person, or null while the browser is on its way to the sign-in page: nothing is lost so early. */
async function enter(): Promise<SessionInfo | null> {
  const found = await readSession()
  if (isSession(found)) {
    // Another tab may be waiting for a link that was opened in this one.
    announceSignIn()
    return found
  }
  goToSignIn(found.reason)
  return null
}
