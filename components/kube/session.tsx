'use client'

import { createContext, type ReactNode, useContext } from 'react'
import type { SessionInfo } from '@/contract/session'

const SessionContext = createContext<SessionInfo | undefined>(undefined)

/** Hands the signed-in person to everything below. */
export function SessionProvider({ session, children }: { session: SessionInfo; children: ReactNode }) {
  return <SessionContext value={session}>{children}</SessionContext>
}

/** The signed-in person. Throws outside a SessionProvider: pages below it are only for people who signed in. */
export function useSession(): SessionInfo {
  const session = useContext(SessionContext)
  if (session === undefined) throw new Error('useSession needs a SessionProvider above it')
  return session
}

/** The same where there may be none: on the sign-in page. */
export function useOptionalSession(): SessionInfo | undefined {
  return useContext(SessionContext)
}
