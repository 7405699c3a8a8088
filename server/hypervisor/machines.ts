import { chmod, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import {
  HypervisorError,
  type MachineSpec,
  type MachineState,
  type MachineStream,
  type PortTarget,
} from '@/server/operator/engine/hypervisor-port'
import { GuestUids, type UidRange } from './guest-uids'
import { Keyed } from './keyed'
import { Machine } from './machine'
import { type LaunchRecord, MachineDirectory } from './machine-directory'
import { findRunning, type MachineHost, startProcess } from './machine-start'
import { endSwtpm } from './tpm'

export interface MachinesOptions extends MachineHost {
  guestUids?: UidRange | undefined
  onChange(id: string): void
}

/** How long QEMU may take until its monitor answers, in milliseconds: a busy host, a large memory. */
const startTimeout = 30_000
const rotateInterval = 5_000
const maxSerialTail = 8 * 2 ** 20

/** All machines of this host: the machine half of the hypervisor's port. */
export class Machines {
  readonly #machines = new Map<string, Machine>()
  readonly #busy = new Keyed()
  readonly #uids: GuestUids | undefined

  private constructor(private readonly options: MachinesOptions) {
    this.#uids = options.guestUids && new GuestUids(options.guestUids)
  }

  /** Takes charge of every machine an earlier agent left, running or not. */
  static async open(options: MachinesOptions): Promise<Machines> {
    const machines = new Machines(options)
    // The guests' users pass through to their own directories; they can not list.
    await mkdir(options.directory, { recursive: true })
    await chmod(options.directory, options.guestUids ? 0o711 : 0o700)
    const ids = await readdir(options.directory)
    await Promise.all(ids.map((id) => machines.#adopt(id)))
    const timer = setInterval(() => void machines.#rotateLogs(), rotateInterval).unref()
    options.signal.addEventListener('abort', () => {
      clearInterval(timer)
      for (const machine of machines.#machines.values()) machine.detach()
    })
    return machines
  }

  list(): MachineState[] {
    return [...this.#machines.values()].map((machine) => machine.state())
  }

  find(id: string): MachineState | undefined {
    return this.#machines.get(id)?.state()
  }

  /** The spec is validated already. */
  start(spec: MachineSpec): Promise<MachineState> {
    return this.#busy.run(spec.id, async () => {
      const present = this.#machines.get(spec.id)
      if (present?.isLive) return present.state()
      await startProcess(
        { ...this.options, spec, uid: this.#allocateUid(spec.id) },
        (launch, directory) => {
          const machine = this.#add(spec, launch, directory)
          this.options.onChange(spec.id)
          return machine
        },
        startTimeout,
      )
      return this.#require(spec.id).state()
    })
  }

  powerdown(id: string): Promise<void> {
    return this.#require(id).powerdown()
  }

  softReboot(id: string): Promise<void> {
    return this.#require(id).softReboot()
  }

  pause(id: string): Promise<void> {
    return this.#require(id).pause()
  }

  resume(id: string): Promise<void> {
    return this.#require(id).resume()
  }

  reset(id: string): Promise<void> {
    return this.#require(id).reset()
  }

  /** Ends it at once, also in the middle of its start; nothing to do when it does not run. */
  async kill(id: string): Promise<void> {
    const machine = this.#machines.get(id)
    if (machine?.hasProcess) return machine.kill()
    await this.#busy.run(id, async () => {
      const started = this.#machines.get(id)
      if (started?.hasProcess) await started.kill()
    })
  }

  async remove(id: string): Promise<void> {
    await this.kill(id)
    await this.#busy.run(id, async () => {
      const machine = this.#machines.get(id)
      if (!machine) return
      if (machine.hasProcess) await machine.kill()
      await this.#directory(id).remove()
      this.#machines.delete(id)
      this.options.onChange(id)
    })
  }

  openStream(id: string, stream: MachineStream): Promise<Duplex> {
    const machine = this.#require(id)
    return stream === 'vnc' ? machine.consoles.openVnc() : machine.consoles.openSerial()
  }

  openPort({ id, port, protocol }: PortTarget): Promise<Duplex> {
    return this.#require(id).ports.open(port, protocol)
  }

  async serialLog(id: string, maxBytes: number): Promise<string> {
    this.#require(id)
    return this.#directory(id).serialTail(Math.min(maxBytes, maxSerialTail))
  }

  screenshot(id: string): Promise<string> {
    return this.#require(id).consoles.screenshot()
  }

  #require(id: string): Machine {
    const machine = this.#machines.get(id)
    if (!machine) throw new HypervisorError('NotFound', `This host has no machine ${id}.`)
    return machine
  }

  #directory(id: string): MachineDirectory {
    return new MachineDirectory(join(this.options.directory, id))
  }

  #allocateUid(id: string): number | undefined {
    if (!this.#uids) return undefined
    const taken = [...this.#machines.values()].filter((machine) => machine.id !== id).map((machine) => machine.uid)
    const uid = this.#uids.allocate(new Set(taken.filter((one) => one !== undefined)))
    if (uid === undefined) throw new HypervisorError('Busy', 'All users reserved for guests are taken.')
    return uid
  }

  #add(spec: MachineSpec, launch: LaunchRecord, directory: MachineDirectory): Machine {
    const { disks, limits, log, signal, onChange } = this.options
    const machine = new Machine({
      spec,
      launch,
      directory,
      log,
      signal,
      onChange: () => onChange(spec.id),
      onGone: async () => {
        if (spec.tpm) await endSwtpm(directory.run, launch.uid)
        await disks.detach(spec.id)
        await limits.release(spec.id)
      },
    })
    this.#machines.set(spec.id, machine)
    return machine
  }

  /** One damaged machine must not keep the agent from looking after the others. */
  async #adopt(id: string): Promise<void> {
    const directory = this.#directory(id)
    try {
      const [spec, launch, known] = await Promise.all([
        directory.readSpec(),
        directory.readLaunch(),
        directory.readProcess(),
      ])
      // Killed before the spec was written: nothing was started either.
      if (!spec || !launch) return await directory.remove()
      const machine = this.#add(spec, launch, directory)
      const running = await findRunning({ directory, spec, launch, known })
      if (!running) return await machine.adoptLeftovers(known)
      await machine.adoptProcess(running)
      await this.#holdDisks(spec, launch.uid)
      this.options.log.info({ machine: id, pid: running.qemu.pid }, 'machine adopted')
      if (await machine.completeEnd()) return
      await machine.connect(5_000)
      if (running.released) await machine.refresh()
      else await machine.release()
      await machine.ports.clear()
    } catch (error) {
      this.options.log.error({ err: error, machine: id }, 'machine not adopted as it should be')
    }
  }

  /** Tells the disks again who uses them. */
  async #holdDisks({ id, disks }: MachineSpec, uid: number | undefined): Promise<void> {
    for (const { diskId } of disks) {
      await this.options.disks
        .attach(diskId, { machineId: id, ...(uid === undefined ? {} : { uid }) })
        .catch((error: unknown) => this.options.log.error({ err: error, machine: id, disk: diskId }, 'disk not held'))
    }
  }

  async #rotateLogs(): Promise<void> {
    for (const id of this.#machines.keys()) {
      await this.#directory(id)
        .rotateLogs()
        .catch((error: unknown) => this.options.log.warn({ err: error, machine: id }, 'logs not cut'))
    }
  }
}
