import type { SignInMethods } from '@/contract/people'
import type { SessionInfo } from '@/contract/session'
import { type ApiFailure, type Caller, createCaller } from '../kube/api'

/** Calls that sign in: an answer 401 is about what was typed, and nobody else is asked. */
export function signInCaller(session?: SessionInfo): Caller {
  return createCaller('', { csrfToken: session?.csrfToken ?? '', onSignedOut: () => undefined })
}

/** The ways of signing in that this console offers. Throws ApiFailure. */
export async function readSignInMethods(): Promise<SignInMethods['methods']> {
  // Our own gateway, agreed in contract/people.ts.
  const answer = (await signInCaller()('GET', '/auth/methods')) as SignInMethods
  return answer.methods
}

/** Whether the refusal says that for one of these reasons (`signInReasons`). */
export function hasReason(failure: ApiFailure | undefined, reason: string): boolean {
  return failure?.status.details?.causes?.some((cause) => cause.reason === reason) ?? false
}
