'use client'

import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { SessionInfo } from '@/contract/session'
import { useT } from '../i18n/use-t'
import { SessionProvider } from '../kube/session'
import { goToSignIn } from '../kube/sign-in-redirect'
import { ErrorView, LoadingView } from '../ui/views'
import { BarePage } from './bare-page'

/** Lets signed-in people through; others go to the sign-in page and come back afterwards. */
export function SessionGate({ children }: { children: ReactNode }) {
  const t = useT()
  const { data, error, refetch } = useQuery({
    queryKey: ['session'],
    queryFn: readSession,
    staleTime: Infinity,
    retry: 1,
  })
  if (data) return <SessionProvider session={data}>{children}</SessionProvider>
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

/** The signed-in person, or null while the browser is on its way to the sign-in page. */
async function readSession(): Promise<SessionInfo | null> {
  const answer = await fetch('/auth/session', { credentials: 'same-origin' })
  if (answer.status === 401) {
    goToSignIn()
    return null
  }
  if (!answer.ok) throw new Error(`the console answered ${answer.status}`)
  // Our own gateway, agreed in contract/session.ts.
  return (await answer.json()) as SessionInfo
}
