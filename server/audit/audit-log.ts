import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import type { AuditEntry, AuditPage, AuditQuery } from '@/contract/audit'
import { createAuditFilter } from './audit-filter'
import { readLinesBackwards } from './read-backwards'
import { defaultRetention, type Retention, type Segment } from './segment-files'
import { createSegmentWriter } from './segment-writer'

export type NewAuditEntry = Omit<AuditEntry, 'id' | 'time'>

export interface AuditSearch {
  query: AuditQuery
  /** Entries that may be shown; asked for those alone that match. */
  mayRead: (entry: AuditEntry) => Promise<boolean> | boolean
  signal?: AbortSignal | undefined
}

export interface AuditLog {
  /** Keeps an entry; it is on the disk within a second. Never throws: a failure is in the process' log. */
  record(entry: NewAuditEntry): void
  /** A page of what matches, newest first. Rejects with BadCursor, or with the file system's error. */
  find(search: AuditSearch, page: { limit: number; cursor?: string | undefined }): Promise<AuditPage>
  /** Everything that matches, newest first, one at a time. */
  all(search: AuditSearch): AsyncGenerator<AuditEntry>
  close(): Promise<void>
}

/** The cursor is none that this record gave out. */
export class BadCursor extends Error {}

export interface AuditLogOptions {
  /** Made 0700 when absent. */
  directory: string
  log: Logger
  /** Default 90 days, 512 MiB. */
  retention?: Partial<Retention> | undefined
  /** Milliseconds since the epoch. */
  clock?: () => number
  /** One search reads so much before it hands out what it has and a cursor. */
  bytesPerSearch?: number
}

/** Where a search goes on: before this line. */
interface Place {
  start: number
  offset: number
}

const segmentBytes = 8 * 1024 * 1024

/** The console's own record of who did what, in files of JSON lines that are only ever appended to. */
export async function createAuditLog(options: AuditLogOptions): Promise<AuditLog> {
  const { directory, log, clock = Date.now, bytesPerSearch = 64 * 1024 * 1024 } = options
  const retention = { ...defaultRetention, ...options.retention }
  const writer = await createSegmentWriter({
    directory,
    retention,
    log,
    clock,
    segmentBytes: Math.max(4096, Math.min(segmentBytes, Math.floor(retention.maxBytes / 8))),
  })

  /** Matching entries with their places, and places alone after every piece of reading without one. */
  async function* search({ query, mayRead, signal }: AuditSearch, before?: Place) {
    await writer.flush()
    const filter = createAuditFilter(query)
    for (const segment of segmentsOf(writer.segments(), query, before)) {
      const end = segment.start === before?.start ? before.offset : undefined
      for await (const { line, offset } of readLinesBackwards(segment.path, end)) {
        signal?.throwIfAborted()
        const place = { start: segment.start, offset }
        const entry = filter.mayMatch(line) ? parseEntry(line) : undefined
        const shown = entry && filter.matches(entry) && (await mayRead(entry)) ? entry : undefined
        yield { place, bytes: line.length, entry: shown }
      }
    }
  }

  return {
    record(entry) {
      const time = new Date(clock()).toISOString()
      writer.append(JSON.stringify({ id: randomUUID(), time, ...entry }))
    },
    async find(wanted, { limit, cursor }) {
      const items: AuditEntry[] = []
      let bytes = 0
      for await (const found of search(wanted, cursor === undefined ? undefined : parseCursor(cursor))) {
        if (found.entry) items.push(found.entry)
        bytes += found.bytes
        if (items.length >= limit || bytes >= bytesPerSearch) return { items, cursor: formatCursor(found.place) }
      }
      return { items }
    },
    async *all(wanted) {
      for await (const { entry } of search(wanted)) if (entry) yield entry
    },
    close: () => writer.close(),
  }
}

/** Those that may hold what is asked for, newest first. A segment ends when the next one begins. */
function segmentsOf(segments: readonly Segment[], { from, to }: AuditQuery, before: Place | undefined): Segment[] {
  const [after, until] = [Date.parse(from ?? ''), Date.parse(to ?? '')]
  return segments
    .filter(({ start }, index) => {
      const end = segments[index + 1]?.start ?? Number.POSITIVE_INFINITY
      // Comparing with what is no number is false: no bound.
      return !(before && start > before.start) && !(start > until) && !(end < after)
    })
    .reverse()
}

function parseEntry(line: Buffer): AuditEntry | undefined {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'))
    const known = typeof value === 'object' && value !== null && 'time' in value && 'type' in value && 'verb' in value
    // Lines are written by `record` alone; a damaged one lacks these or is no JSON.
    return known ? (value as AuditEntry) : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

const formatCursor = ({ start, offset }: Place) => `${start}-${offset}`

function parseCursor(cursor: string): Place {
  const [, start, offset] = /^(\d{1,15})-(\d{1,15})$/.exec(cursor) ?? []
  if (start === undefined || offset === undefined) throw new BadCursor('the cursor is none of this record')
  return { start: Number(start), offset: Number(offset) }
}
