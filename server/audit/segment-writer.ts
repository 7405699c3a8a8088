import { type FileHandle, open } from 'node:fs/promises'
import type { Logger } from 'pino'
import { listSegments, type Retention, removeOldSegments, type Segment, segmentAt } from './segment-files'

export interface SegmentWriterOptions {
  directory: string
  retention: Retention
  log: Logger
  clock: () => number
  /** A segment is closed when it is this large. */
  segmentBytes: number
}

export interface SegmentWriter {
  /** Takes a line without its end; it is on the disk within a second. */
  append(line: string): void
  /** Resolves when everything taken so far can be read. */
  flush(): Promise<void>
  /** Oldest first. */
  segments(): readonly Segment[]
  close(): Promise<void>
}

const day = 24 * 60 * 60 * 1000
const batchMs = 250
const retryMs = 5_000
const tidyMs = 60 * 60 * 1000
/** What may wait for a disk that does not write; beyond it lines are lost, and the log says so. */
const maxPendingBytes = 16 * 1024 * 1024

/**
 * Appends lines to the newest segment, several with one write and one fsync. A new segment is begun at every start (the
 * last one may end in half a line), when one is full or a day old, and after a write that failed.
 */
export async function createSegmentWriter(options: SegmentWriterOptions): Promise<SegmentWriter> {
  const { directory, retention, log, clock, segmentBytes } = options
  let segments = await removeOldSegments(await listSegments(directory), retention, clock())
  let pending: string[] = []
  let pendingBytes = 0
  /** When the first of them was taken: no line is older than the name of its segment. */
  let pendingSince = 0
  let lost = 0
  let current: { file: FileHandle; start: number; size: number } | undefined
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()
  let closed = false

  function schedule(ms: number): void {
    if (timer !== undefined || closed) return
    timer = setTimeout(() => void flush(), ms)
    timer.unref()
  }

  /** Writes one after the other; never rejects. */
  function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    writing = writing.then(writePending).catch((error: unknown) => {
      log.error({ err: error, directory }, 'the audit record could not be written; it is tried again')
      schedule(retryMs)
    })
    return writing
  }

  async function writePending(): Promise<void> {
    if (pending.length === 0) return
    const [lines, since] = [pending, pendingSince]
    pending = []
    try {
      await write(Buffer.from(`${lines.join('\n')}\n`), since)
    } catch (error) {
      pending = [...lines, ...pending]
      pendingSince = since
      throw error
    }
    pendingBytes -= lines.reduce((sum, line) => sum + line.length, 0)
    if (lost > 0) log.error({ lost }, 'entries of the audit record were lost')
    lost = 0
  }

  async function write(bytes: Buffer, since: number): Promise<void> {
    const target = await targetFor(bytes.length, since)
    try {
      await target.file.appendFile(bytes)
      await target.file.datasync()
    } catch (error) {
      // It may end in half a line now.
      current = undefined
      await target.file.close()
      throw error
    }
    target.size += bytes.length
  }

  async function targetFor(bytes: number, since: number) {
    const now = clock()
    if (current && current.size + bytes <= segmentBytes && now - current.start < day) return current
    const old = current
    current = undefined
    await old?.file.close()
    // Names go up although the clock may go back.
    const start = Math.max(since, (segments.at(-1)?.start ?? 0) + 1)
    const segment = segmentAt(directory, start)
    const file = await open(segment.path, 'ax', 0o600)
    segments.push(segment)
    current = { file, start, size: 0 }
    await tidy()
    return current
  }

  async function tidy(): Promise<void> {
    try {
      segments = await removeOldSegments(segments, retention, clock())
    } catch (error) {
      log.warn({ err: error, directory }, 'old parts of the audit record could not be removed')
    }
  }

  const tidying = setInterval(() => {
    writing = writing.then(tidy)
  }, tidyMs)
  tidying.unref()

  return {
    append(line) {
      if (pendingBytes + line.length > maxPendingBytes) {
        lost += 1
        return
      }
      if (pending.length === 0) pendingSince = clock()
      pending.push(line)
      pendingBytes += line.length
      schedule(batchMs)
    },
    flush,
    segments: () => segments,
    async close() {
      clearInterval(tidying)
      await flush()
      closed = true
      clearTimeout(timer)
      await current?.file.close()
      current = undefined
    },
  }
}
