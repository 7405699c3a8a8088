import { open, readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import type { DiskSpec } from '@/server/operator/engine/hypervisor-port'

/** What must survive a crash of the agent: `disk.json` in the disk's directory, for root only (it holds credentials). */
export interface DiskRecord {
  version: 1
  spec: DiskSpec
  phase: 'making' | 'ready' | 'failed'
  /** How often the making was begun anew. */
  restarts: number
  message?: string
  retryable?: boolean
  /** The machine that has it attached. */
  inUseBy?: string
  /** The process that makes it, to be ended when a new agent finds it. */
  worker?: WorkerIdentity
}

/** A process for certain: ids are used again, an id with its start time is not. */
export interface WorkerIdentity {
  pid: number
  /** In clock ticks after boot, as /proc/PID/stat says. */
  startTicks: string
  bootId: string
}

const text = z.string()

const sourceSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('blank') }),
  z.object({ type: z.literal('clone'), diskId: text }),
  z.object({
    type: z.literal('http'),
    url: text,
    checksum: z.exactOptional(text),
    checksumUrl: z.exactOptional(text),
    caCertificates: z.exactOptional(text),
    insecureSkipVerify: z.exactOptional(z.boolean()),
    headers: z.exactOptional(z.array(text)),
    basicAuth: z.exactOptional(z.object({ user: text, password: text })),
  }),
])

const recordSchema: z.ZodType<DiskRecord> = z.object({
  version: z.literal(1),
  spec: z.object({ id: text, name: text, sizeBytes: z.number(), source: sourceSchema }),
  phase: z.enum(['making', 'ready', 'failed']),
  restarts: z.number(),
  message: z.exactOptional(text),
  retryable: z.exactOptional(z.boolean()),
  inUseBy: z.exactOptional(text),
  worker: z.exactOptional(z.object({ pid: z.number(), startTicks: text, bootId: text })),
})

export const RECORD_FILE = 'disk.json'

/** Throws when the file is missing or not a record. */
export async function readRecord(directory: string): Promise<DiskRecord> {
  return recordSchema.parse(JSON.parse(await readFile(join(directory, RECORD_FILE), 'utf8')))
}

/** Replaces the record: after a crash there is the old one or the new one, whole. */
export async function writeRecord(directory: string, record: DiskRecord): Promise<void> {
  const path = join(directory, RECORD_FILE)
  const next = `${path}.new`
  const file = await open(next, 'w', 0o600)
  try {
    await file.writeFile(`${JSON.stringify(record, null, 2)}\n`)
    await file.datasync()
  } finally {
    await file.close()
  }
  await rename(next, path)
  await syncDirectory(dirname(path))
}

/** Makes renames in a directory last over a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
