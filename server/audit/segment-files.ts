import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** One file of the record: `<start>.jsonl`, where `start` is when it was begun, in milliseconds since the epoch. */
export interface Segment {
  start: number
  path: string
}

export interface Retention {
  maxAgeMs: number
  maxBytes: number
}

const day = 24 * 60 * 60 * 1000
export const defaultRetention: Retention = { maxAgeMs: 90 * day, maxBytes: 512 * 1024 * 1024 }

export function segmentAt(directory: string, start: number): Segment {
  return { start, path: join(directory, `${String(start).padStart(13, '0')}.jsonl`) }
}

/** The segments of a directory, oldest first; makes the directory when it is absent. */
export async function listSegments(directory: string): Promise<Segment[]> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const starts = (await readdir(directory)).flatMap((file) => {
    const start = /^(\d{13})\.jsonl$/.exec(file)?.[1]
    return start === undefined ? [] : [Number(start)]
  })
  return starts.sort((a, b) => a - b).map((start) => segmentAt(directory, start))
}

/**
 * Removes the oldest segments beyond the retention, never the newest one; returns what is left. What a segment holds was
 * written before the next one began.
 */
export async function removeOldSegments(
  segments: readonly Segment[],
  { maxAgeMs, maxBytes }: Retention,
  now: number,
): Promise<Segment[]> {
  const sizes = await Promise.all(segments.map(({ path }) => sizeOf(path)))
  let total = sizes.reduce((sum, size) => sum + size, 0)
  const kept: Segment[] = []
  for (const [index, segment] of segments.entries()) {
    const next = segments[index + 1]
    const tooOld = next !== undefined && next.start < now - maxAgeMs
    const tooMuch = next !== undefined && total > maxBytes
    if (kept.length === 0 && (tooOld || tooMuch)) {
      await rm(segment.path, { force: true })
      total -= sizes[index] ?? 0
    } else kept.push(segment)
  }
  return kept
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0
    throw error
  }
}
