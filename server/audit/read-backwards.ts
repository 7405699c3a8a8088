import { type FileHandle, open } from 'node:fs/promises'

export interface LineAt {
  line: Buffer
  /** Of the line's first byte in the file. */
  offset: number
}

const chunkBytes = 64 * 1024
/** No line that we write is nearly as long; what is, is not ours. */
const maxLineBytes = 1024 * 1024
const newline = 10

/**
 * The lines of a file from the last to the first, holding little more than one in memory; with `end` those before that
 * offset. Half a line at the end is left out, and a file that is gone has none.
 */
export async function* readLinesBackwards(path: string, end?: number): AsyncGenerator<LineAt> {
  const file = await openIfThere(path)
  if (!file) return
  try {
    let position = Math.min(end ?? Number.POSITIVE_INFINITY, (await file.stat()).size)
    /** The beginning of what follows `position`, up to the first newline that was seen. */
    let rest: Buffer = Buffer.alloc(0)
    let whole = false
    while (position > 0) {
      const length = Math.min(chunkBytes, position)
      position -= length
      const chunk = await readAt(file, position, length)
      let block = rest.length === 0 ? chunk : Buffer.concat([chunk, rest])
      for (;;) {
        const at = block.lastIndexOf(newline)
        if (at === -1) break
        const line = block.subarray(at + 1)
        if (whole && line.length > 0) yield { line, offset: position + at + 1 }
        whole = true
        block = block.subarray(0, at)
      }
      rest = block.length > maxLineBytes ? Buffer.alloc(0) : block
    }
    if (whole && rest.length > 0) yield { line: rest, offset: 0 }
  } finally {
    await file.close()
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}
