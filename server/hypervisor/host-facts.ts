import { execFile } from 'node:child_process'
import { readFile, stat, statfs, writeFile } from 'node:fs/promises'
import { arch, availableParallelism, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as z from 'zod'
import type { HostFacts } from '@/server/operator/engine/hypervisor-port'
import type { Firmware } from './firmware'
import { type KvmVerdict, probeKvm } from './kvm-probe'
import type { Limits } from './limits'
import { readBootId } from './process-identity'
import { environment } from './programs'

const run = promisify(execFile)

/** What is found out about QEMU once per agent start. */
export interface QemuFacts {
  version: string
  machineTypes: string[]
  devices: ReadonlySet<string>
  sandbox: boolean
  kvm: KvmVerdict
  /** The group that may open /dev/kvm, when the node's mode gives it to a group only. */
  kvmGid?: number
}

type ProgramFacts = Pick<QemuFacts, 'version' | 'machineTypes' | 'sandbox'> & { devices: string[] }

const rememberedFacts = z.object({
  program: z.string(),
  facts: z.object({
    version: z.string(),
    machineTypes: z.array(z.string()),
    sandbox: z.boolean(),
    devices: z.array(z.string()),
  }),
})

/**
 * Asks the installed QEMU; what does not change with the host is remembered in `directory` until another QEMU is
 * installed. Throws when it can not be run at all.
 */
export async function readQemuFacts(
  qemu: string,
  { directory, signal }: { directory: string; signal: AbortSignal },
): Promise<QemuFacts> {
  const [program, kvm, kvmGid] = await Promise.all([
    readProgramFacts(qemu, { file: join(directory, 'qemu.json'), signal }),
    probeKvm({ qemu, signal }),
    kvmGroup(),
  ])
  return { ...program, devices: new Set(program.devices), kvm, ...(kvmGid === undefined ? {} : { kvmGid }) }
}

async function readProgramFacts(
  qemu: string,
  { file, signal }: { file: string; signal: AbortSignal },
): Promise<ProgramFacts> {
  const { size, mtimeMs, ctimeMs, ino } = await stat(qemu)
  const program = [qemu, size, mtimeMs, ctimeMs, ino].join(' ')
  const known = rememberedFacts.safeParse(await readJson(file))
  if (known.success && known.data.program === program) return known.data.facts
  const facts = await askProgram(qemu, signal)
  await writeFile(file, JSON.stringify({ program, facts }), { mode: 0o600 })
  return facts
}

/** undefined when the file is missing or damaged: then QEMU is asked again. */
async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch {
    // Whatever is wrong with it, a new one is written.
    return undefined
  }
}

async function askProgram(qemu: string, signal: AbortSignal): Promise<ProgramFacts> {
  const ask = async (...args: string[]) =>
    (await run(qemu, args, { env: environment(), timeout: 20_000, signal, maxBuffer: 2 ** 24 })).stdout
  const listMachines = ['-machine', 'help']
  // Some builds lack the system call filter; those refuse the option.
  const [version, sandboxed, devices] = await Promise.all([
    ask('-version'),
    ask('-sandbox', 'on', ...listMachines).catch(() => undefined),
    ask('-device', 'help'),
  ])
  const machines = sandboxed ?? (await ask(...listMachines))
  return {
    version: /version (\d+(\.\d+)+)/.exec(version)?.[1] ?? 'unknown',
    machineTypes: [...machines.matchAll(/^((?:pc-)?q35\S*)\s/gm)].map((match) => match[1] ?? ''),
    devices: [...devices.matchAll(/^name "([^"]+)"/gm)].map((match) => match[1] ?? ''),
    sandbox: sandboxed !== undefined,
  }
}

async function kvmGroup(): Promise<number | undefined> {
  try {
    const { mode, gid } = await stat('/dev/kvm')
    const [forAll, forGroup] = [(mode & 0o006) === 0o006, (mode & 0o060) === 0o060]
    return forGroup && !forAll ? gid : undefined
  } catch {
    // No KVM here.
    return undefined
  }
}

export interface HostFactsInput {
  nodeName: string
  nodeDirectory: string
  qemu: QemuFacts
  firmware: Firmware
  limits: Limits
  uidPerGuest: boolean
  networkGaps: string[]
}

const sampleInterval = 5_000

interface CpuSample {
  busy: number
  total: number
}

/** This host's facts: what never changes is read once, the rest with every call. */
export class HostReader {
  #usage = 0
  #sample: CpuSample | undefined

  private constructor(
    private readonly input: HostFactsInput,
    private readonly fixed: Pick<
      HostFacts,
      'operatingSystem' | 'kernelVersion' | 'cpus' | 'cpuModel' | 'memoryBytes' | 'bootId'
    >,
  ) {}

  static async open(input: HostFactsInput, signal: AbortSignal): Promise<HostReader> {
    const [system, processors] = await Promise.all([
      readFile('/etc/os-release', 'utf8').catch(() => ''),
      readFile('/proc/cpuinfo', 'utf8'),
    ])
    const reader = new HostReader(input, {
      operatingSystem: /^PRETTY_NAME="?([^"\n]+)/m.exec(system)?.[1] ?? 'Linux',
      kernelVersion: release(),
      cpus: availableParallelism(),
      cpuModel: /^model name\s*:\s*(.+)$/m.exec(processors)?.[1]?.trim() ?? 'unknown',
      memoryBytes: totalmem(),
      bootId: readBootId(),
    })
    await reader.#takeSample()
    const timer = setInterval(() => void reader.#takeSample(), sampleInterval).unref()
    signal.addEventListener('abort', () => clearInterval(timer))
    return reader
  }

  async read(): Promise<HostFacts> {
    const { nodeName, nodeDirectory, qemu, firmware, limits } = this.input
    const [storage, memory] = await Promise.all([statfs(nodeDirectory), readFile('/proc/meminfo', 'utf8')])
    const [one = 0, five = 0, fifteen = 0] = loadavg()
    return {
      nodeName,
      architecture: arch() === 'arm64' ? 'arm64' : 'amd64',
      ...this.fixed,
      memoryAvailableBytes: Number(/^MemAvailable:\s+(\d+) kB$/m.exec(memory)?.[1] ?? 0) * 1024,
      load: [one, five, fifteen],
      cpuUsage: this.#usage,
      storage: {
        path: nodeDirectory,
        totalBytes: storage.blocks * storage.bsize,
        availableBytes: storage.bavail * storage.bsize,
      },
      qemuVersion: qemu.version,
      machineTypes: qemu.machineTypes,
      accelerator: qemu.kvm.usable ? 'kvm' : 'tcg',
      ...(qemu.kvm.usable ? {} : { emulationReason: qemu.kvm.reason }),
      firmware: { bios: true, efi: firmware.efi !== undefined, efiSecureBoot: firmware.efiSecureBoot !== undefined },
      confinement: {
        uidPerGuest: this.input.uidPerGuest,
        limits: limits.kind,
        sandbox: qemu.sandbox,
        gaps: this.#confinementGaps(),
      },
      network: { mode: 'user', gaps: this.#networkGaps() },
    }
  }

  #confinementGaps(): string[] {
    const { qemu, limits, uidPerGuest } = this.input
    return [
      ...limits.gaps,
      ...(uidPerGuest
        ? []
        : [
            'Guests run as the same user as Chiave, since it was not started as root: only QEMU’s own sandbox keeps them from each other’s disks.',
          ]),
      ...(qemu.sandbox ? [] : ['This build of QEMU has no system call filter (-sandbox).']),
    ]
  }

  #networkGaps(): string[] {
    const userMode =
      'Guests reach the network through user-mode networking: they can not reach each other, and nothing outside can open a connection to them.'
    return [userMode, ...this.input.networkGaps]
  }

  async #takeSample(): Promise<void> {
    const fields = (/^cpu\s+(.+)$/m.exec(await readFile('/proc/stat', 'utf8'))?.[1] ?? '').split(' ').map(Number)
    // proc(5): user nice system idle iowait irq softirq steal; guest time is part of user time already.
    const total = fields.slice(0, 8).reduce((sum, ticks) => sum + ticks, 0)
    const sample = { total, busy: total - (fields[3] ?? 0) - (fields[4] ?? 0) }
    const before = this.#sample
    if (before && sample.total > before.total)
      this.#usage = Math.min(1, Math.max(0, (sample.busy - before.busy) / (sample.total - before.total)))
    this.#sample = sample
  }
}
