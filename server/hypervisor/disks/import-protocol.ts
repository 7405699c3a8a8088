import { z } from 'zod'

/**
 * What the agent and the import worker say to each other: one JSON line each. The agent writes the job to the worker's
 * stdin and keeps that open: its end tells the worker that the agent is gone.
 */

/** Milliseconds unless named otherwise. */
export interface TransferLimits {
  connectTimeout: number
  /** Longest silence before and between the bytes of an answer. */
  idleTimeout: number
  maxRedirects: number
  /** Address space of qemu-img and the decompressors. */
  toolMemoryBytes: number
  /** What imports may not reach, besides what they never reach (`destinations.ts`). */
  denied: readonly string[]
}

export const defaultTransferLimits: TransferLimits = {
  connectTimeout: 15_000,
  idleTimeout: 60_000,
  maxRedirects: 10,
  toolMemoryBytes: 2 * 1024 ** 3,
  denied: [],
}

export interface HttpJob {
  type: 'http'
  /** A directory of the worker's own; the finished disk is `disk.img` in it. */
  workDirectory: string
  sizeBytes: number
  url: string
  checksum?: string
  /** Where the publisher lists checksums; without effect beside `checksum`. */
  checksumUrl?: string
  caCertificates?: string
  insecureSkipVerify?: boolean
  headers?: string[]
  basicAuth?: { user: string; password: string }
  limits: TransferLimits
}

export interface CloneJob {
  type: 'clone'
  workDirectory: string
  sizeBytes: number
  /** The raw image to copy. */
  source: string
}

export type ImportJob = HttpJob | CloneJob

/** Characters that a failure may be told in: it may hold an address of any length. */
export const MESSAGE_LENGTH = 4000

/** The worker reads what strangers wrote, so what it says is checked like input from outside. */
export const workerMessageSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('progress'),
    phase: z.enum(['downloading', 'converting']),
    progress: z.exactOptional(z.number().min(0).max(100)),
    rate: z.exactOptional(z.number().nonnegative()),
  }),
  z.object({
    type: z.literal('failed'),
    message: z.string().max(MESSAGE_LENGTH),
    retry: z.enum(['now', 'later', 'never']),
  }),
  z.object({ type: z.literal('done') }),
])

export type WorkerMessage = z.infer<typeof workerMessageSchema>
export type ProgressReport = Omit<Extract<WorkerMessage, { type: 'progress' }>, 'type'>

/** The most that may be downloaded or unpacked for a disk of this size: compressed images and internal snapshots fit in. */
export function transferLimit(sizeBytes: number): number {
  return Math.max(2 * sizeBytes, sizeBytes + 1024 ** 3)
}
