import type { Logger } from 'pino'

/** Something that matters for who may enter, for the audit log. Never holds a secret. */
export interface SignInEvent {
  action:
    | 'sign-in'
    | 'sign-out'
    | 'lock-out'
    | 'session-end'
    | 'password-change'
    | 'second-factor-change'
    | 'api-token-create'
    | 'api-token-delete'
    | 'user-create'
    | 'user-change'
    | 'user-delete'
  outcome: 'success' | 'failure'
  /** Who did it, as far as is known. */
  user: string
  /** How they came, or tried to. */
  source?: string
  /** Whom or what it was done to, when that is not the person. */
  target?: string
  /** In words. */
  detail?: string
  address: string
  requestId: string
}

export type SignInAudit = (event: SignInEvent) => void

/** One line in the log per event, and whoever else keeps them. */
export function createSignInAudit(log: Logger, also?: SignInAudit): SignInAudit {
  return (event) => {
    const { action, outcome, ...rest } = event
    log.info({ audit: true, action, outcome, ...rest }, `${action} ${outcome}`)
    also?.(event)
  }
}
