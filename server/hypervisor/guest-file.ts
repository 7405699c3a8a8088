import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/**
 * Opens a file that a guest's QEMU writes, which may have gone bad: never through a link, never a pipe or device.
 * Undefined when there is no such plain file.
 */
export async function openGuestFile(path: string, flags: number = constants.O_RDONLY): Promise<FileHandle | undefined> {
  let file: FileHandle
  try {
    file = await open(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ELOOP', 'ENXIO'].includes(String(error.code)))
      return undefined
    throw error
  }
  const facts = await file.stat()
  if (facts.isFile() && facts.nlink <= 1) return file
  await file.close()
  return undefined
}

/** The last bytes of such a file, at most `maxBytes`; empty when there is none. */
export async function readTail(path: string, maxBytes: number): Promise<Buffer> {
  const file = await openGuestFile(path)
  if (!file) return Buffer.alloc(0)
  try {
    const { size } = await file.stat()
    const length = Math.min(size, maxBytes)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
