import type { AuditType } from '@/contract/audit'
import type { NewAuditEntry } from '@/server/audit/audit-log'
import type { SignInEvent } from '@/server/auth/sign-in-audit'

/** What the sign-in tells, as the audit record keeps it. */
export function entryOfSignIn(event: SignInEvent): NewAuditEntry {
  const { action, outcome, user, source, target, detail, address, requestId } = event
  const type: AuditType = action === 'sign-in' || action === 'sign-out' ? action : 'account'
  const message = [target, detail].filter(Boolean).join(': ')
  return {
    type,
    person: user,
    ...(source === undefined ? {} : { source }),
    address,
    verb: action,
    ...(outcome === 'success' ? { outcome: 'success', status: 200 } : { outcome: 'refused', status: 401 }),
    ...(message === '' ? {} : { message: message.slice(0, 1_024) }),
    requestId,
  }
}
