import { constants } from 'node:fs'
import { chmod, chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { MachineSpec } from '@/server/operator/engine/hypervisor-port'
import { openGuestFile, readTail } from './guest-file'
import { type ProcessIdentity, processIdentitySchema } from './process-identity'
import { runFiles } from './qemu/command-line'

/** Decided before QEMU is started. */
export interface LaunchRecord {
  accelerator: 'kvm' | 'tcg'
  /** The guest's own user, when it has one. */
  uid?: number
  limits: 'systemd' | 'cgroup2' | 'cgroup1' | 'prlimit'
}

/** Known once QEMU runs. */
export interface ProcessRecord {
  qemu: ProcessIdentity
  /** RFC 3339 */
  startedAt: string
  /** Whether the guest was let run; before, the start can be taken up again. */
  released: boolean
}

/** How it ended; written before the end is brought about, so that no crash forgets why. */
export interface EndedRecord {
  phase: 'shutdown' | 'crashed' | 'gone'
  message?: string
}

const launchSchema: z.ZodType<LaunchRecord> = z.object({
  accelerator: z.enum(['kvm', 'tcg']),
  uid: z.exactOptional(z.int().min(1)),
  limits: z.enum(['systemd', 'cgroup2', 'cgroup1', 'prlimit']),
})
const processSchema: z.ZodType<ProcessRecord> = z.object({
  qemu: processIdentitySchema,
  startedAt: z.string(),
  released: z.boolean(),
})
const endedSchema: z.ZodType<EndedRecord> = z.object({
  phase: z.enum(['shutdown', 'crashed', 'gone']),
  message: z.exactOptional(z.string()),
})
const softRebootSchema = z.object({ until: z.number() })
// Only what is needed to adopt it: a newer version must never lose sight of a guest that an older one started.
const knownSpecSchema = z.object({ id: z.string(), name: z.string(), uuid: z.string() }).loose()

/** Past this size a log is cut; one earlier part is kept. */
const maxSerialLog = 8 * 2 ** 20
const keptSerialLog = 4 * 2 ** 20
const maxQemuLog = 2 ** 20

/**
 * `machines/<id>/`: the records (the agent's alone) and `run/`, where QEMU works. As root the directory belongs to root
 * and lets only the guest's group pass; `run/` is the guest's until it is sealed.
 */
export class MachineDirectory {
  readonly run: string
  readonly qemuLog: string
  #writes = 0

  constructor(readonly path: string) {
    this.run = join(path, 'run')
    this.qemuLog = join(path, 'qemu.log')
  }

  file(name: (typeof runFiles)[keyof typeof runFiles]): string {
    return join(this.run, name)
  }

  /** Makes it anew, without anything of an earlier run. */
  async create(spec: MachineSpec, launch: LaunchRecord): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
    await mkdir(this.path, { recursive: true, mode: 0o700 })
    await this.#write('launch.json', launch)
    await this.#write('spec.json', spec)
    await mkdir(join(this.run, runFiles.output), { recursive: true, mode: 0o700 })
    if (launch.uid === undefined) return
    await chown(join(this.run, runFiles.output), launch.uid, launch.uid)
    await chown(this.run, launch.uid, launch.uid)
    await chown(this.path, 0, launch.uid)
    await chmod(this.path, 0o710)
  }

  /**
   * Takes `run/` from the guest's user: from here on its QEMU can put nothing in place of a socket or log that the
   * agent, being root, opens by name.
   */
  async seal(uid: number | undefined): Promise<void> {
    if (uid === undefined) return
    await chown(this.run, 0, uid)
    await chmod(this.run, 0o710)
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
  }

  /** Undefined when there was no time to write it, so nothing was started either. */
  async readSpec(): Promise<MachineSpec | undefined> {
    const spec = await this.#read('spec.json', knownSpecSchema)
    // It was validated before it was written.
    return spec as unknown as MachineSpec | undefined
  }

  readLaunch(): Promise<LaunchRecord | undefined> {
    return this.#read('launch.json', launchSchema)
  }

  readProcess(): Promise<ProcessRecord | undefined> {
    return this.#read('process.json', processSchema)
  }

  writeProcess(record: ProcessRecord): Promise<void> {
    return this.#write('process.json', record)
  }

  readEnded(): Promise<EndedRecord | undefined> {
    return this.#read('ended.json', endedSchema)
  }

  writeEnded(record: EndedRecord): Promise<void> {
    return this.#write('ended.json', record)
  }

  /** Remembers that the next power-off before `until` (milliseconds of the epoch) is to become a reboot; or forgets. */
  async setSoftReboot(until: number | undefined): Promise<void> {
    if (until === undefined) await rm(join(this.path, 'soft-reboot.json'), { force: true })
    else await this.#write('soft-reboot.json', { until })
  }

  async softRebootPending(): Promise<boolean> {
    const record = await this.#read('soft-reboot.json', softRebootSchema)
    return record !== undefined && Date.now() < record.until
  }

  /** Cuts logs that grew too large. What is printed between the copy and the cut is lost. */
  async rotateLogs(): Promise<void> {
    const serial = await openGuestFile(this.file(runFiles.serialLog), constants.O_RDWR)
    try {
      if (serial && (await serial.stat()).size > maxSerialLog) {
        const tail = await readTail(this.file(runFiles.serialLog), keptSerialLog)
        await writeFile(join(this.path, 'serial.earlier.log'), tail, { mode: 0o600 })
        await serial.truncate(0)
      }
    } finally {
      await serial?.close()
    }
    const log = await openGuestFile(this.qemuLog, constants.O_RDWR)
    try {
      if (log && (await log.stat()).size > maxQemuLog) await log.truncate(0)
    } finally {
      await log?.close()
    }
  }

  /** The last bytes of what the serial console printed, over a cut of the log too. */
  async serialTail(maxBytes: number): Promise<string> {
    const current = await readTail(this.file(runFiles.serialLog), maxBytes)
    const missing = maxBytes - current.length
    const earlier = missing > 0 ? await readTail(join(this.path, 'serial.earlier.log'), missing) : Buffer.alloc(0)
    return Buffer.concat([earlier, current]).toString('utf8')
  }

  /** The end of what QEMU itself had to say, without its time stamps and its own name. */
  async lastWords(): Promise<string> {
    const text = (await readTail(this.qemuLog, 2048)).toString('utf8')
    return text.replaceAll(/^(\d{4}-\d\d-\d\dT[\d:.]+Z )?(qemu-system-\w+: )?/gm, '').trim()
  }

  async #read<T>(name: string, schema: z.ZodType<T>): Promise<T | undefined> {
    let text: string
    try {
      text = await readFile(join(this.path, name), 'utf8')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    }
    try {
      return schema.parse(JSON.parse(text))
    } catch (error) {
      throw new Error(`${join(this.path, name)} is damaged`, { cause: error })
    }
  }

  /** By a rename: a reader finds the old record or the new one, whole. */
  async #write(name: string, record: object): Promise<void> {
    const path = join(this.path, name)
    // A name of its own for every write, so that two at a time can not take each other's file away.
    const next = `${path}.new-${++this.#writes}`
    await writeFile(next, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 })
    await rename(next, path)
  }
}
