import type { FileHandle } from 'node:fs/promises'

const BLOCK = 64 * 1024
const zeros = Buffer.alloc(BLOCK)

/** Writes a stream of bytes to a file one after another and leaves holes where whole blocks are zero. */
export class SparseWriter {
  #length = 0

  constructor(private readonly file: FileHandle) {}

  /** Bytes taken so far, holes included. */
  get length(): number {
    return this.#length
  }

  async write(data: Buffer): Promise<void> {
    let start = 0
    while (start < data.length) {
      // Up to the next block border of the file, so that holes fall on whole blocks.
      const end = Math.min(data.length, start + BLOCK - (this.#length % BLOCK))
      const block = data.subarray(start, end)
      if (!block.equals(zeros.subarray(0, block.length))) await writeFully(this.file, block, this.#length)
      this.#length += block.length
      start = end
    }
  }

  /** Gives the file its length, which a hole at its end would not. */
  async end(): Promise<void> {
    await this.file.truncate(this.#length)
  }
}

/** Writes all of a buffer: a single write may be short. */
export async function writeFully(file: FileHandle, data: Buffer, position: number): Promise<void> {
  let done = 0
  while (done < data.length) {
    const { bytesWritten } = await file.write(data, done, data.length - done, position + done)
    done += bytesWritten
  }
}
