'use client'

import { useCallback } from 'react'
import type { KubeStatus } from '@/contract/kube-object'
import type { SessionInfo } from '@/contract/session'
import { createStore, useStore } from '../ui/store'
import { useOptionalSession } from './session'

/**
 * A session that ends in the middle of work must not cost the work: the page stays as it is, a dialog over it asks the
 * person to sign in again, and the calls that were refused meanwhile are made once more with the new session.
 */

/** `declined`: the person chose to stay signed out for now, so that they can copy what they typed. */
export interface SignInAgainState extends SignedOut {
  status: 'fine' | 'asking' | 'declined'
}

/** Why there is no session. */
export interface SignedOut {
  /** The server's own words; empty when it gave none. */
  words: string
  /** One of `signInReasons`, where the server knows. */
  reason?: string | undefined
}

/** Sent to the other tabs of this browser, which share the cookie. */
const channelName = 'chiave-session'

const state = createStore<SignInAgainState>({ status: 'fine', words: '' })
let waiting: ((csrfToken: string | undefined) => void)[] = []
const listeners = new Set<() => void>()

/** How it stands, for the dialog. */
export function useSignInAgain(): SignInAgainState {
  return useStore(state)
}

/** Opens the dialog, or joins the calls that wait for it already. Resolves with the new session's CSRF token, if any. */
export function askToSignInAgain(method: string, why: SignedOut): Promise<string | undefined> {
  // What a page reads by itself must not bring a dialog back that was sent away a moment ago.
  if (state.get().status === 'declined' && isReading(method)) return Promise.resolve(undefined)
  state.set(() => ({ status: 'asking', ...why }))
  return new Promise((resolve) => waiting.push(resolve))
}

/** Brings the dialog back after the person had sent it away. */
export function reopenSignIn(): void {
  state.set((before) => ({ ...before, status: 'asking' }))
}

/** Sends the dialog away; what waited fails as it would have without a dialog. */
export function declineSignIn(): void {
  state.set((before) => ({ ...before, status: 'declined' }))
  release(undefined)
}

/** There is a session again: whatever waited goes on with it. */
export function signedInAgain(session: SessionInfo): void {
  state.set(() => ({ status: 'fine', words: '' }))
  release(session.csrfToken)
  for (const listener of listeners) listener()
}

/** Calls back whenever a session has been renewed. Returns the way to stop that. */
export function onSignedInAgain(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

const isReading = (method: string) => method === 'GET' || method === 'HEAD'

function release(csrfToken: string | undefined): void {
  const released = waiting
  waiting = []
  for (const resolve of released) resolve(csrfToken)
}

/** Tells the other tabs (or the page that opened this window) that this browser is signed in. */
export function announceSignIn(): void {
  const channel = new BroadcastChannel(channelName)
  channel.postMessage('signed-in')
  channel.close()
}

/** Calls back when another tab has signed in. Returns the way to stop that. */
export function onSignInElsewhere(listener: () => void): () => void {
  const channel = new BroadcastChannel(channelName)
  channel.addEventListener('message', listener)
  return () => channel.close()
}

/** The session of this browser, or why there is none. Throws when the console does not answer. */
export async function readSession(): Promise<SessionInfo | SignedOut> {
  const answer = await fetch('/auth/session', { credentials: 'same-origin' })
  if (answer.status === 401) {
    // Our own gateway refuses with a Status.
    const { message = '', details } = (await answer.json()) as Partial<KubeStatus>
    return { words: message, reason: details?.causes?.[0]?.reason }
  }
  if (!answer.ok) throw new Error(`the console answered ${answer.status}`)
  // Our own gateway, agreed in contract/session.ts.
  return (await answer.json()) as SessionInfo
}

/**
 * What to do about an answer 401. Resolves with the CSRF token to try again with: of the session that another tab opened
 * meanwhile, or of the one that the person opens in the dialog; undefined when trying again is no use.
 */
export async function recoverSession(method: string, known?: SessionInfo): Promise<string | undefined> {
  let found: SessionInfo | SignedOut
  try {
    found = await readSession()
  } catch {
    // The console itself is away, which the failed call and the banner say already.
    return undefined
  }
  if (!isSession(found)) return askToSignInAgain(method, found)
  if (known === undefined) return undefined
  // Somebody else signed in with this browser: what this page holds is not theirs to send.
  if (found.user !== known.user) {
    window.location.reload()
    return undefined
  }
  if (found.csrfToken !== known.csrfToken) return found.csrfToken
  // The session is good: it is the cluster that does not take the person's own token any more.
  if (found.source === 'token' && !isReading(method)) return askToSignInAgain(method, { words: '' })
  return undefined
}

export function isSession(found: SessionInfo | SignedOut): found is SessionInfo {
  return 'csrfToken' in found
}

/** `recoverSession` for the calls of this page. */
export function useSessionRecovery(): (method: string) => Promise<string | undefined> {
  const session = useOptionalSession()
  return useCallback((method: string) => recoverSession(method, session), [session])
}
