import * as z from 'zod'
import type { Clock } from '@/server/cluster/clock'
import type { Log } from '@/server/cluster/log'
import { type RecordCollection, RecordConflict, type RecordStore } from '@/server/records/record-store'
import { chooseOwner } from './rendezvous'

const peerSchema = z.object({
  /** Of one start of one replica. */
  bootId: z.string().regex(/^[a-z0-9-]{8,64}$/),
  address: z.string().min(1),
  port: z.number().int().min(1).max(65535),
  /** SHA-256 of the certificate that it shows, as Node prints it; absent: it speaks plain HTTP. */
  fingerprint: z.string().optional(),
  /** Counts its signs of life; times of different hosts are never compared. */
  beat: z.number(),
})

/** A replica of this console and how it is reached. */
export type Peer = Omit<z.infer<typeof peerSchema>, 'beat'>

export interface MembershipOptions {
  records: RecordStore
  /** Asked at every sign of life, since certificates are renewed. */
  self: () => Peer
  clock: Clock
  log: Log
  timings?: Partial<MembershipTimings>
}

/** Milliseconds. */
export interface MembershipTimings {
  /** Between two signs of life. */
  beat: number
  /** A replica of which nothing was seen for so long is gone. */
  gone: number
  /** A replica that could not be reached is left alone for so long. */
  shunned: number
}

export interface Membership {
  /** The other replicas that are alive as far as is known here. */
  others(): readonly Peer[]
  /** The replica that a key belongs to; undefined when that is this one. */
  ownerOf(key: string): Peer | undefined
  /** It did not answer: until its time is over its keys belong to others. */
  shun(bootId: string): void
  /** Ends the signs of life and takes this replica off the list. */
  close(): Promise<void>
}

const defaults: MembershipTimings = { beat: 10_000, gone: 30_000, shunned: 10_000 }

/** Puts this replica on the list of those alive, a record each, and follows who else is on it. */
export async function joinPeers(options: MembershipOptions): Promise<Membership> {
  const collection = await options.records.open('peers')
  const members = new Members(collection, options)
  await members.begin()
  return members
}

class Members implements Membership {
  readonly #collection: RecordCollection
  readonly #options: MembershipOptions
  readonly #timings: MembershipTimings
  readonly #known = new Map<string, { peer: Peer; revision: string; seenAt: number }>()
  readonly #shunned = new Map<string, number>()
  readonly #bootId: string
  #beat = 0
  #closed = false
  #cancel = () => {}
  #beating: Promise<void> = Promise.resolve()
  readonly #unsubscribe: () => void

  constructor(collection: RecordCollection, options: MembershipOptions) {
    this.#collection = collection
    this.#options = options
    this.#timings = { ...defaults, ...options.timings }
    this.#bootId = options.self().bootId
    for (const { key } of collection.all()) this.#look(key)
    this.#unsubscribe = collection.onChange((key) => this.#look(key))
  }

  async begin(): Promise<void> {
    await this.#sign()
    this.#schedule()
  }

  others(): readonly Peer[] {
    const now = this.#options.clock.now()
    return [...this.#known.values()]
      .filter(({ peer, seenAt }) => now - seenAt < this.#timings.gone && (this.#shunned.get(peer.bootId) ?? 0) <= now)
      .map(({ peer }) => peer)
  }

  ownerOf(key: string): Peer | undefined {
    // Alone, as most are, nothing is computed.
    if (this.#known.size === 0) return undefined
    const others = this.others()
    const owner = chooseOwner([this.#bootId, ...others.map(({ bootId }) => bootId)], key)
    return others.find(({ bootId }) => bootId === owner)
  }

  shun(bootId: string): void {
    this.#shunned.set(bootId, this.#options.clock.now() + this.#timings.shunned)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancel()
    this.#unsubscribe()
    await this.#beating
    await this.#collection.delete(this.#bootId)
  }

  #schedule(): void {
    this.#cancel = this.#options.clock.after(this.#timings.beat, () => {
      this.#beating = this.#sign()
        .then(() => this.#bury())
        .catch((error: unknown) => {
          this.#options.log.warn({ err: error }, 'the other replicas cannot be told that this one is alive')
        })
        .finally(() => {
          if (!this.#closed) this.#schedule()
        })
    })
  }

  async #sign(): Promise<void> {
    this.#beat += 1
    await this.#collection.put(this.#bootId, { ...this.#options.self(), beat: this.#beat })
  }

  /** Removes the records of replicas that ended without a word; whoever comes first. */
  async #bury(): Promise<void> {
    const now = this.#options.clock.now()
    for (const [key, { seenAt }] of this.#known) {
      // Much later than they stop counting: one that only lost its connection for a while shall find its record.
      if (now - seenAt > 20 * this.#timings.gone) await this.#collection.delete(key)
    }
  }

  #look(key: string): void {
    if (key === this.#bootId) return
    const record = this.#collection.get(key)
    const parsed = peerSchema.safeParse(record?.value)
    if (!record || !parsed.success || parsed.data.bootId !== key) {
      this.#known.delete(key)
      return
    }
    if (this.#known.get(key)?.revision === record.revision) return
    const { beat: _beat, ...peer } = parsed.data
    this.#known.set(key, { peer, revision: record.revision, seenAt: this.#options.clock.now() })
  }
}

const keySchema = z.object({ key: z.base64().length(44) })

/** The key that replicas prove themselves with; made by whichever comes first. */
export async function openPeerKey(records: RecordStore, makeKey: () => Buffer): Promise<Buffer> {
  const collection = await records.open('peer-keys')
  for (let round = 0; round < 5; round += 1) {
    const found = keySchema.safeParse(collection.get('shared')?.value)
    if (found.success) return Buffer.from(found.data.key, 'base64')
    try {
      await collection.put('shared', { key: makeKey().toString('base64') }, { revision: null })
    } catch (error) {
      if (!(error instanceof RecordConflict)) throw error
      // Another replica has just made it; it is on its way here.
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
  throw new Error('the key that replicas share cannot be read')
}
