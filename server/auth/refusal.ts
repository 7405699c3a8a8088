import type { ZodError } from 'zod'
import type { KubeStatus, StatusCause } from '@/contract/kube-object'
import { signInReasons } from '@/contract/people'
import { buildStatus } from '@/server/proxy/status-response'
import type { EndReason } from './session-store'

/** Thrown by what answers below `/auth`; the status goes to the client as it is. */
export class Refusal extends Error {
  constructor(readonly status: KubeStatus) {
    super(status.message)
    this.name = 'Refusal'
  }
}

/** A refusal with machine-readable causes. */
export function refusal(code: number, message: string, causes: StatusCause[] = []): Refusal {
  const status = buildStatus(code, message)
  return new Refusal(causes.length === 0 ? status : { ...status, details: { ...status.details, causes } })
}

/** The fields of a body that were not understood, each with the reason. */
export function invalidBody(error: ZodError): Refusal {
  const causes = error.issues.slice(0, 20).map(({ path, message }) => ({
    ...{ reason: 'FieldValueInvalid', message, field: path.join('.') },
  }))
  const first = causes[0]
  const words = first ? `${first.field === '' ? '' : `${first.field}: `}${first.message}` : 'not understood'
  return refusal(422, `The request is not valid: ${words}.`, causes)
}

const endings: Record<EndReason, string> = {
  expired: 'Your session has expired; sign in again.',
  revoked: 'Your session was ended; sign in again.',
  providerEnded: 'Your identity provider no longer vouches for this session; sign in again.',
  signedOut: 'You have signed out.',
}

/** Why a request has no session, as far as that is known. */
export function notSignedIn(ending?: EndReason): KubeStatus {
  if (!ending) return buildStatus(401, 'You are not signed in.')
  return refusal(401, endings[ending], [{ reason: signInReasons[ending] }]).status
}

/** Nothing goes on before a new password. */
export function passwordChangeRequired(): KubeStatus {
  return refusal(403, 'Choose a new password first.', [{ reason: signInReasons.passwordChangeRequired }]).status
}
