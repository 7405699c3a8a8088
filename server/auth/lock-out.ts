import { peerOf } from './attempt-limit'

export interface LockOut {
  /**
   * Begins an attempt, counted as a mistake until it is known to be none, so that many at a time are no way around. Returns
   * the milliseconds that this account or this peer has to wait first; 0 when it may try.
   */
  enter(attempt: Attempt): number
  /** Milliseconds until the next attempt may be made. */
  waitOf(attempt: Attempt): number
  /** The attempt was no mistake, though it did not succeed either. */
  withdraw(attempt: Attempt): void
  /** The right secret: the account starts anew. */
  succeeded(attempt: Attempt): void
  /** Forgets an account's mistakes. */
  unlock(account: string): void
  /** Milliseconds since the epoch until when the account is locked; undefined when it is not. */
  lockedUntil(account: string): number | undefined
}

export interface Attempt {
  /** As it was typed, whether or not there is such a name: both behave alike. */
  account: string
  address: string | undefined
}

interface Failures {
  count: number
  last: number
}

/** So many mistakes are free; each further one doubles the wait. A peer may be a whole office. */
const rules = { account: { free: 4, firstMs: 2_000 }, peer: { free: 19, firstMs: 2_000 } }
const longestMs = 15 * 60_000
/** Mistakes of yesterday are forgotten. */
const forgetMs = 24 * 60 * 60_000
const maxKnown = 20_000

/** Slows guessing down per account and per peer, in the memory of this process. */
export function createLockOut(clock: () => number = Date.now): LockOut {
  const accounts = new Map<string, Failures>()
  const peers = new Map<string, Failures>()

  const current = (map: Map<string, Failures>, key: string) => {
    const known = map.get(key)
    return known && clock() - known.last < forgetMs ? known : undefined
  }

  function until(known: Failures | undefined, { free, firstMs }: { free: number; firstMs: number }): number {
    if (!known || known.count <= free) return 0
    return known.last + Math.min(longestMs, firstMs * 2 ** Math.min(30, known.count - free - 1))
  }

  function count(map: Map<string, Failures>, key: string): void {
    const known = current(map, key)
    map.delete(key)
    // Insertion order is the order of the last mistakes, so the first are the oldest.
    for (const oldest of map.keys()) {
      if (map.size < maxKnown) break
      map.delete(oldest)
    }
    map.set(key, { count: (known?.count ?? 0) + 1, last: clock() })
  }

  function waitOf({ account, address }: Attempt): number {
    const [mine, peer] = [current(accounts, account), current(peers, peerOf(address))]
    return Math.max(0, until(mine, rules.account) - clock(), until(peer, rules.peer) - clock())
  }

  function uncount(map: Map<string, Failures>, key: string): void {
    const known = map.get(key)
    if (known && known.count > 1) map.set(key, { ...known, count: known.count - 1 })
    else map.delete(key)
  }

  return {
    enter(attempt) {
      const wait = waitOf(attempt)
      if (wait > 0) return wait
      count(accounts, attempt.account)
      count(peers, peerOf(attempt.address))
      return 0
    },
    waitOf,
    withdraw({ account, address }) {
      uncount(accounts, account)
      uncount(peers, peerOf(address))
    },
    succeeded({ account, address }) {
      accounts.delete(account)
      uncount(peers, peerOf(address))
    },
    unlock: (account) => void accounts.delete(account),
    lockedUntil(account) {
      const end = until(current(accounts, account), rules.account)
      return end > clock() ? end : undefined
    },
  }
}
