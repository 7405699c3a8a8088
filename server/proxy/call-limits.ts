import { createHash } from 'node:crypto'
import type { KubeStatus } from '@/contract/kube-object'
import type { Identity } from '@/server/cluster/connection'
import type { Caller } from './caller'
import { buildStatus } from './status-response'

/** What one person may ask of the console at once, whatever number of tabs and programs they use. */
export interface CallLimits {
  /** Calls that are being answered. */
  concurrentRequests: number
  /** Watches, followed logs, upgrades. */
  concurrentStreams: number
  /** Calls a second on average, streams included. */
  perSecond: number
  /** Calls at once after a pause. */
  burst: number
}

/** Far above what people and their scripts do; below what keeps others from being served. */
export const defaultCallLimits: CallLimits = {
  concurrentRequests: 256,
  concurrentStreams: 512,
  perSecond: 1_000,
  burst: 4_000,
}

export interface CallLimiter {
  /** Counts a call in until the returned function is called (once), or says why not now: a Status 429. */
  enter(person: string, kind: 'request' | 'stream'): (() => void) | KubeStatus
}

/** Whose limits a call counts against: the person's, or those of a cluster's token, which is kept nowhere. */
export function limitKeyOf({ personKey, user }: Caller, identity: Identity): string {
  if (personKey !== undefined || identity.type !== 'token') return personKey ?? user
  return `token ${createHash('sha256').update(identity.token).digest('base64url')}`
}

interface Account {
  requests: number
  streams: number
  tokens: number
  /** Milliseconds: when `tokens` was true. */
  at: number
}

/** Accounts of people who do nothing are forgotten when there are more than this. */
const maxIdleAccounts = 4_096

/** Limits per person: a token bucket for the rate, counters for what runs at the same time. */
export function createCallLimiter(
  limits: CallLimits = defaultCallLimits,
  clock: () => number = () => performance.now(),
): CallLimiter {
  const accounts = new Map<string, Account>()

  function accountOf(person: string): Account {
    const known = accounts.get(person)
    if (known) return known
    if (accounts.size >= maxIdleAccounts) forgetIdle()
    const account = { requests: 0, streams: 0, tokens: limits.burst, at: clock() }
    accounts.set(person, account)
    return account
  }

  function forgetIdle(): void {
    for (const [person, account] of accounts) {
      if (account.requests + account.streams === 0) accounts.delete(person)
    }
  }

  function refill(account: Account): void {
    const now = clock()
    account.tokens = Math.min(limits.burst, account.tokens + ((now - account.at) / 1000) * limits.perSecond)
    account.at = now
  }

  return {
    enter(person, kind) {
      const account = accountOf(person)
      refill(account)
      if (account.tokens < 1) {
        const seconds = Math.max(1, Math.ceil((1 - account.tokens) / limits.perSecond))
        return buildStatus(429, 'You are asking faster than the console passes on; slow down.', seconds)
      }
      if (kind === 'request' && account.requests >= limits.concurrentRequests) {
        return buildStatus(429, `You already have ${limits.concurrentRequests} calls that wait for an answer.`, 1)
      }
      if (kind === 'stream' && account.streams >= limits.concurrentStreams) {
        return buildStatus(429, `You already have ${limits.concurrentStreams} streams open; close some.`, 5)
      }
      account.tokens -= 1
      const field = kind === 'request' ? 'requests' : 'streams'
      account[field] += 1
      let inside = true
      return () => {
        if (inside) account[field] -= 1
        inside = false
      }
    },
  }
}
