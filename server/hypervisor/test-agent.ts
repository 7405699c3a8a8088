import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import type { Hypervisor, MachineSpec, MachineState } from '@/server/operator/engine/hypervisor-port'
import { type Agent, type AgentOptions, startAgent } from './agent'
import { testGuestImage } from './test-guest'

export const isRoot = process.getuid?.() === 0

/** What tests of the agent share: a home of its own, small guests, and an end that leaves nothing. */
export class TestAgent {
  agent!: Agent
  readonly #stopping = new AbortController()

  private constructor(
    readonly home: string,
    readonly options: Omit<AgentOptions, 'log' | 'signal'>,
  ) {}

  static async prepare(): Promise<TestAgent> {
    const home = await mkdtemp(join(tmpdir(), 'chiave-agent-'))
    // The guests' users pass through, as through a home.
    await chmod(home, 0o711)
    return new TestAgent(home, {
      instanceId: `test-${home.slice(-6).toLowerCase()}`,
      nodeName: 'node-1',
      nodeDirectory: join(home, 'node-1'),
      socketPath: join(home, 'agent.sock'),
      // No test here imports an image.
      importWorkerCommand: ['/bin/false'],
      ...(isRoot ? { guestUids: { first: 71_000 + (process.pid % 1_000) * 16, count: 16 } } : {}),
    })
  }

  static async start(): Promise<TestAgent> {
    const test = await TestAgent.prepare()
    await test.startHere()
    return test
  }

  /** Starts the agent within this process. */
  async startHere(): Promise<void> {
    const log = pino({ level: process.env.TEST_LOG ?? 'silent' })
    this.agent = await startAgent({ ...this.options, log, signal: this.#stopping.signal })
  }

  get hypervisor(): Hypervisor {
    return this.agent.hypervisor
  }

  /** Removes every machine and the home. */
  async stop(): Promise<void> {
    for (const { id } of await this.hypervisor.machines()) await this.hypervisor.removeMachine(id)
    await this.agent.removeHostFootprint()
    await this.agent.close()
    this.#stopping.abort()
    await this.removeHome()
  }

  async removeHome(): Promise<void> {
    await rm(this.home, { recursive: true, force: true })
  }

  diskPath(id: string): string {
    return join(this.options.nodeDirectory, 'disks', id, 'disk.img')
  }

  machineDirectory(id: string): string {
    return join(this.options.nodeDirectory, 'machines', id)
  }

  /** A disk from which the test guest boots. */
  async createGuestDisk(id: string, marker?: string, hypervisor = this.hypervisor): Promise<void> {
    await hypervisor.createDisk({ id, name: id, sizeBytes: 2 ** 20, source: { type: 'blank' } })
    await until(async () => (await hypervisor.disk(id))?.phase === 'ready')
    await writeFile(this.diskPath(id), testGuestImage(marker))
  }
}

let addresses = 0

/** A small machine; its one disk is `<id>-disk`. */
export function machineSpec(id: string, changes: Partial<MachineSpec> = {}): MachineSpec {
  const address = ++addresses
  return {
    id,
    name: `tests/${id}`,
    uuid: `5d307ca9-b3ef-428c-8861-06e72d69${String(address).padStart(4, '0')}`,
    machineType: 'q35',
    cpu: { sockets: 1, cores: 1, threads: 1, model: 'host-model' },
    memoryBytes: 32 * 2 ** 20,
    firmware: { type: 'bios' },
    disks: [{ name: 'root', diskId: `${id}-disk`, bus: 'virtio', device: 'disk', readOnly: false }],
    interfaces: [
      {
        name: 'default',
        mac: `02:00:00:00:00:${(address % 256).toString(16).padStart(2, '0')}`,
        model: 'virtio',
        up: true,
        backend: { type: 'user', address: `10.42.1.${address}`, hostname: id },
      },
    ],
    vga: true,
    serialConsole: true,
    rng: true,
    tpm: false,
    startPaused: false,
    ...changes,
  }
}

/** Waits for a condition, 15 seconds at most. */
export async function until(condition: () => Promise<boolean> | boolean, what = 'the condition'): Promise<void> {
  const deadline = Date.now() + 15_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${what} did not come true`)
    await sleep(25)
  }
}

export async function untilPhase(
  hypervisor: Hypervisor,
  id: string,
  phase: MachineState['phase'],
): Promise<MachineState> {
  let state: MachineState | undefined
  await until(async () => {
    state = await hypervisor.machine(id)
    return state?.phase === phase
  }, `phase ${phase} of ${id}`)
  if (!state) throw new Error('no such machine')
  return state
}

export async function untilPrinted(hypervisor: Hypervisor, id: string, text: string): Promise<void> {
  await until(async () => (await hypervisor.serialLog(id, 65_536)).includes(text), `“${text}” on the console of ${id}`)
}

/** Collects what a stream gives until it contains `text`. */
export async function readUntil(stream: Duplex, text: string): Promise<string> {
  let got = ''
  const onData = (chunk: Buffer) => {
    got += chunk.toString('latin1')
  }
  stream.on('data', onData)
  try {
    await until(() => got.includes(text), `“${text}” on the stream`)
    return got
  } finally {
    stream.removeListener('data', onData)
  }
}
