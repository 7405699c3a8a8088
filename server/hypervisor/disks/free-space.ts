import { statfs } from 'node:fs/promises'
import { formatBytes } from './byte-size'

/** Left free for everything else on the file system: Chiave's own state, logs, the guests' growing disks. */
export const RESERVE_BYTES = 64 * 1024 ** 2

/** Bytes that an ordinary user may still write where `directory` is. */
export async function availableBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}

/** A sentence about what is missing when `needed` more bytes do not fit; undefined when they do. */
export async function refuseSpace(directory: string, needed: number): Promise<string | undefined> {
  const available = await availableBytes(directory)
  if (available >= needed + RESERVE_BYTES) return undefined
  return (
    `There is not enough space on the host: ${formatBytes(needed)} more needed, ${formatBytes(available)} available ` +
    `(${formatBytes(RESERVE_BYTES)} of it stay free). Delete disks that are not needed, or give the host more space.`
  )
}

/** Whether an error, or what a tool printed, says that the file system or a quota is full. */
export function isDiskFull(error: unknown): boolean {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')) return true
  return /No space left on device|Disk quota exceeded/i.test(error instanceof Error ? error.message : String(error))
}

/** What to say when writing ended for lack of space. */
export async function describeDiskFull(directory: string): Promise<string> {
  return (
    `The host's disk is full: ${formatBytes(await availableBytes(directory))} left where disks are kept. ` +
    'Delete disks that are not needed, or give the host more space; then try again.'
  )
}
