import { tooManyRequests } from '../errors/status-error'
import type { User } from '../identity/user'

export interface FlowLimits {
  /** Open watches of one person, and of all together. */
  watchesPerUser: number
  watches: number
  /** Large lists answered at the same time, of one person and of all together. */
  listsPerUser: number
  lists: number
  /** How many of a person's lists may wait for their turn, and for how long in milliseconds. */
  waitingPerUser: number
  patience: number
}

export const standardLimits: FlowLimits = {
  watchesPerUser: 2000,
  watches: 10_000,
  listsPerUser: 4,
  lists: 12,
  waitingPerUser: 50,
  patience: 30_000,
}

interface Waiting {
  start(): void
}

/** What this server's own parts ask comes first: without it nothing works for anyone. */
function isOwnPart({ name }: User): boolean {
  return name.startsWith('system:chiave:') || name === 'system:apiserver'
}

/**
 * Keeps one person's requests from crowding out everybody's: watches are counted, and large lists take turns, one
 * person after the other. Refusals are 429 with Retry-After, as of Kubernetes' priority and fairness.
 */
export class FlowControl {
  readonly #limits: FlowLimits
  readonly #watches = new Map<string, number>()
  readonly #running = new Map<string, number>()
  /** By person; whoever is first in the map is next. */
  readonly #waiting = new Map<string, Waiting[]>()
  #openWatches = 0
  #openLists = 0

  constructor(limits: FlowLimits = standardLimits) {
    this.#limits = limits
  }

  /** Counts a watch until it is released. Throws 429. */
  admitWatch(user: User): () => void {
    if (isOwnPart(user)) return () => {}
    const open = this.#watches.get(user.name) ?? 0
    if (open >= this.#limits.watchesPerUser || this.#openWatches >= this.#limits.watches) throw refusal()
    this.#watches.set(user.name, open + 1)
    this.#openWatches++
    return once(() => {
      this.#openWatches--
      lower(this.#watches, user.name)
    })
  }

  /** Resolves, with what ends it, when a large list may be answered. Throws 429 when that takes too long. */
  async admitList(user: User): Promise<() => void> {
    if (isOwnPart(user)) return () => {}
    if (!this.#mayStart(user.name)) await this.#wait(user.name)
    else this.#begin(user.name)
    return once(() => {
      this.#openLists--
      lower(this.#running, user.name)
      this.#next()
    })
  }

  #mayStart(name: string): boolean {
    return this.#openLists < this.#limits.lists && (this.#running.get(name) ?? 0) < this.#limits.listsPerUser
  }

  #begin(name: string): void {
    this.#openLists++
    this.#running.set(name, (this.#running.get(name) ?? 0) + 1)
  }

  #wait(name: string): Promise<void> {
    const queue = this.#waiting.get(name) ?? []
    if (queue.length >= this.#limits.waitingPerUser) throw refusal()
    this.#waiting.set(name, queue)
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        start: () => {
          clearTimeout(timer)
          resolve()
        },
      }
      const timer = setTimeout(() => {
        queue.splice(queue.indexOf(waiting), 1)
        if (queue.length === 0) this.#waiting.delete(name)
        reject(refusal())
      }, this.#limits.patience)
      queue.push(waiting)
    })
  }

  /** Starts as many as may, each time of the person who has waited longest since the last turn. */
  #next(): void {
    for (const [name, queue] of [...this.#waiting]) {
      if (!this.#mayStart(name)) continue
      const first = queue.shift()
      this.#waiting.delete(name)
      if (queue.length > 0) this.#waiting.set(name, queue)
      if (!first) continue
      this.#begin(name)
      first.start()
    }
  }
}

function refusal(): Error {
  return tooManyRequests('too many requests, please try again later', 1)
}

function lower(counts: Map<string, number>, name: string): void {
  const count = (counts.get(name) ?? 0) - 1
  if (count > 0) counts.set(name, count)
  else counts.delete(name)
}

function once(act: () => void): () => void {
  let done = false
  return () => {
    if (!done) act()
    done = true
  }
}
