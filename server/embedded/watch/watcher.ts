import type { ServerResponse } from 'node:http'
import type { JsonObject } from '@/contract/json'
import { expired, type StatusError } from '../errors/status-error'
import type { LogEntry, Pointer } from '../storage/log-entry'
import type { ObjectStore } from '../storage/object-store'
import { encodeChange, frameOf, type View } from './watch-event'

export interface WatcherOptions {
  store: ObjectStore
  response: ServerResponse
  resource: string
  view: View
  /** Changes after this revision are told. */
  after: number
  /** Told first, as ADDED: the state at `after`. */
  initial: readonly Pointer[]
  bookmarks: boolean
  /** Ends the initial state with a bookmark that says so (client-go's watch-list). */
  announceInitialEnd: boolean
  onEnd: () => void
}

/** What may wait in a connection's buffer before the watcher reads from the log instead. */
const bufferLimit = 1024 * 1024
/** How many rows are read from the log, and how many objects of the initial state, between two looks at the buffer. */
const chunkRows = 100
/** A client that takes nothing for so long is dropped. */
const stallLimit = 60_000

/**
 * One watch: backfill from the log, then, in the very turn in which it has caught up, the live stream. A connection that
 * does not drain goes back to reading the log at its own pace, so nothing piles up in memory; when compaction overtakes
 * it, it ends with 410. Events are neither lost, repeated nor reordered.
 */
export class Watcher {
  readonly #options: WatcherOptions
  /** Everything up to this revision is told. */
  #cursor: number
  #state: 'initial' | 'backfill' | 'live' | 'ended' = 'initial'
  #next = 0
  #waiting = false
  #stall: NodeJS.Timeout | undefined
  readonly #release: () => void

  constructor(options: WatcherOptions) {
    this.#options = options
    this.#cursor = options.after
    // The initial state's rows must stay until they are told.
    this.#release = options.store.pin(options.after)
    options.response.once('close', () => this.#finish())
    options.response.on('drain', () => this.#drained())
  }

  start(): void {
    this.#options.response.flushHeaders()
    this.#advance()
  }

  /** A batch of changes was committed; they may be of any resource. */
  committed(entries: readonly LogEntry[], upTo: number): void {
    if (this.#state !== 'live') return
    const frames: Buffer[] = []
    for (const entry of entries) {
      // A client may ask for what comes after a revision that is not there yet.
      const frame = entry.revision > this.#cursor ? encodeChange(entry, this.#options.view) : undefined
      if (frame) frames.push(frame)
    }
    this.#cursor = Math.max(this.#cursor, upTo)
    if (frames.length > 0) this.#send(frames)
  }

  bookmark(): void {
    if (this.#state !== 'live' || !this.#options.bookmarks) return
    this.#send([this.#bookmarkFrame({})])
  }

  /** Ends the watch as its time is up. */
  end(): void {
    if (this.#state === 'ended') return
    const { response } = this.#options
    this.#finish()
    response.end()
  }

  /** Ends the watch with an ERROR event: the client lists again. */
  fail(error: StatusError): void {
    if (this.#state === 'ended') return
    const { response } = this.#options
    this.#finish()
    response.end(frameOf('ERROR', Buffer.from(JSON.stringify(error.status))))
  }

  #advance(): void {
    while (!this.#waiting) {
      if (this.#state === 'initial') this.#tellInitial()
      else if (this.#state === 'backfill') this.#readLog()
      else return
    }
  }

  #tellInitial(): void {
    const { initial, view, announceInitialEnd, bookmarks } = this.#options
    const chunk = initial.slice(this.#next, this.#next + chunkRows)
    this.#next += chunk.length
    const frames = chunk.flatMap(({ revision }) => {
      const entry = view.entry(revision)
      return entry ? [frameOf('ADDED', view.representation.single(entry.body))] : []
    })
    if (this.#next >= initial.length) {
      this.#state = 'backfill'
      this.#release()
      if (announceInitialEnd && bookmarks) {
        frames.push(this.#bookmarkFrame({ annotations: { 'k8s.io/initial-events-end': 'true' } }))
      }
    }
    if (frames.length > 0) this.#send(frames)
  }

  #readLog(): void {
    const { store, resource, view } = this.#options
    if (this.#cursor < store.compacted) {
      this.fail(expired(`too old resource version: ${this.#cursor} (${store.compacted})`))
      return
    }
    const rows = store.changes(resource, this.#cursor, chunkRows)
    const frames = rows.flatMap((row) => encodeChange(row, view) ?? [])
    if (rows.length < chunkRows) {
      // Nothing can be committed between this read and the next line: no gap and no repetition.
      this.#cursor = Math.max(this.#cursor, store.revision)
      this.#state = 'live'
    } else this.#cursor = rows.at(-1)?.revision ?? this.#cursor
    if (frames.length > 0) this.#send(frames)
  }

  #bookmarkFrame(metadata: JsonObject): Buffer {
    const { representation } = this.#options.view
    return frameOf(
      'BOOKMARK',
      representation.bookmark({ resourceVersion: String(this.#cursor), creationTimestamp: null, ...metadata }),
    )
  }

  #send(frames: readonly Buffer[]): void {
    const { response } = this.#options
    const chunk = frames.length === 1 ? frames[0] : Buffer.concat(frames)
    const flowing = response.write(chunk)
    if (flowing || response.writableLength < bufferLimit) return
    if (this.#state === 'live') this.#state = 'backfill'
    this.#waiting = true
    this.#stall = setTimeout(() => response.destroy(), stallLimit)
    this.#stall.unref()
  }

  #drained(): void {
    if (!this.#waiting) return
    this.#waiting = false
    clearTimeout(this.#stall)
    this.#advance()
  }

  #finish(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#waiting = false
    clearTimeout(this.#stall)
    this.#release()
    this.#options.onEnd()
  }
}
