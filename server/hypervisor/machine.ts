import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import {
  HypervisorError,
  type MachinePhase,
  type MachineSpec,
  type MachineState,
} from '@/server/operator/engine/hypervisor-port'
import { GuestPorts } from './guest-ports'
import { MachineConsoles } from './machine-consoles'
import type { EndedRecord, LaunchRecord, MachineDirectory, ProcessRecord } from './machine-directory'
import { isAlive, type ProcessIdentity, processUsage, readBootId, signalProcess } from './process-identity'
import { runFiles } from './qemu/command-line'
import { interfaceId } from './qemu/network'
import { Qmp } from './qemu/qmp'
import { readRunState } from './qemu/run-state'
import { connectUnix } from './unix-socket'

export interface MachineParts {
  spec: MachineSpec
  launch: LaunchRecord
  directory: MachineDirectory
  log: Logger
  /** Its phase or message may have changed. */
  onChange(): void
  /** Its process is gone: give back disks and limits. */
  onGone(): Promise<void>
  /** Aborted when the agent stops; the process stays. */
  signal: AbortSignal
}

/** How long a soft reboot may take from the button to the power-off before it counts as an ordinary power-off. */
const softRebootPatience = 10 * 60_000
/** How often a process that is not our child is looked after, in milliseconds. */
const watchInterval = 2_000

/** One machine: its QEMU process, the conversation with it, and what is known of its end. */
export class Machine {
  #phase: MachinePhase = 'starting'
  #message: string | undefined
  #process: ProcessRecord | undefined
  #ended: EndedRecord | undefined
  #qmp: Qmp | undefined
  #refreshing: Promise<void> | undefined
  #refreshAgain = false
  readonly ports: GuestPorts
  readonly consoles: MachineConsoles
  #resolveExit!: () => void
  readonly #exit = new Promise<void>((resolve) => {
    this.#resolveExit = resolve
  })
  #gone = false
  #conversing: Promise<void> | undefined
  #releasing: Promise<void> | undefined

  constructor(private readonly parts: MachineParts) {
    const command = (name: string, args?: Record<string, unknown>) => this.#command(name, args)
    this.consoles = new MachineConsoles({ ...parts, command, requireProcess: () => this.#requireProcess() })
    const monitor = (line: string) => command('human-monitor-command', { 'command-line': line })
    this.ports = new GuestPorts({
      spec: parts.spec,
      log: parts.log,
      monitor: async (line) => String(await monitor(line)),
    })
  }

  get id(): string {
    return this.parts.spec.id
  }

  get spec(): MachineSpec {
    return this.parts.spec
  }

  get uid(): number | undefined {
    return this.parts.launch.uid
  }

  /** Whether it has a process, or is about to. */
  get isLive(): boolean {
    return !this.#gone
  }

  get hasProcess(): boolean {
    return !this.#gone && this.#process !== undefined
  }

  state(): MachineState {
    const { spec, launch } = this.parts
    const running = this.#gone ? undefined : this.#process
    return {
      id: spec.id,
      name: spec.name,
      phase: this.#phase,
      ...(this.#message ? { message: this.#message } : {}),
      ...(running ? { pid: running.qemu.pid } : {}),
      ...(this.#process ? { startedAt: this.#process.startedAt } : {}),
      accelerator: launch.accelerator,
      limits: launch.limits,
      spec,
      ...(running ? processUsage(running.qemu) : { cpuSeconds: 0, residentBytes: 0 }),
    }
  }

  /** Takes charge of a process: of one's own child with `child`, of an adopted one without. */
  async adoptProcess(record: ProcessRecord, child?: ChildProcess): Promise<void> {
    this.#process = record
    this.#ended = await this.parts.directory.readEnded()
    if (child && child.exitCode === null && child.signalCode === null) {
      child.once('exit', () => void this.#processGone())
    }
    void this.#watch(record.qemu)
  }

  /** A machine of which only leftovers are found. */
  async adoptLeftovers(record: ProcessRecord | undefined): Promise<void> {
    this.#process = record
    this.#ended = await this.parts.directory.readEnded()
    if (!this.#ended) {
      const rebooted = !record || record.qemu.bootId !== readBootId()
      this.#ended = rebooted
        ? { phase: 'gone', message: 'The host was restarted while the machine ran.' }
        : { phase: 'crashed', message: await this.#lastWords() }
    }
    await this.#processGone()
  }

  /** A start that came to nothing before there was a process. */
  async fail(message: string): Promise<void> {
    this.#ended ??= { phase: 'crashed', message }
    if (this.hasProcess) await this.#end(this.#ended, false)
    else await this.#processGone()
  }

  /** Ends what an agent before had begun to end. True when there was such an end. */
  async completeEnd(): Promise<boolean> {
    if (!this.#ended || this.#gone) return false
    await this.#end(this.#ended, true)
    return true
  }

  /** Resolves when QEMU's monitor answers. Throws HypervisorError Failed when QEMU ended before, or after the timeout. */
  async connect(timeout: number): Promise<void> {
    const deadline = Date.now() + timeout
    while (!this.#gone && !this.parts.signal.aborted) {
      try {
        return await this.#converse()
      } catch (error) {
        if (Date.now() > deadline) throw error
        await Promise.race([sleep(25), this.#exit])
      }
    }
    if (this.parts.signal.aborted) throw new HypervisorError('Unavailable', 'The node agent is stopping.')
    await this.#exit
    throw new HypervisorError('Failed', this.#message ?? 'QEMU ended before it answered.')
  }

  /** Lets a fresh machine run, unless it is to start paused. Repeatable until it has succeeded. */
  release(): Promise<void> {
    this.#releasing ??= this.#release().finally(() => {
      this.#releasing = undefined
    })
    return this.#releasing
  }

  async #release(): Promise<void> {
    const { directory, launch, spec } = this.parts
    const record = this.#process
    if (!record || record.released) return
    await directory.seal(launch.uid)
    for (const nic of spec.interfaces.filter(({ up }) => !up))
      await this.#command('set_link', { name: interfaceId(nic.name), up: false })
    if (!spec.startPaused) await this.#command('cont')
    this.#process = { ...record, released: true }
    await directory.writeProcess(this.#process)
    await this.refresh()
  }

  async powerdown(): Promise<void> {
    await this.parts.directory.setSoftReboot(undefined)
    await this.#command('system_powerdown')
  }

  async softReboot(): Promise<void> {
    await this.parts.directory.setSoftReboot(Date.now() + softRebootPatience)
    await this.#command('system_powerdown')
  }

  async pause(): Promise<void> {
    await this.#command('stop')
    await this.refresh()
  }

  async resume(): Promise<void> {
    await this.#command('cont')
    await this.refresh()
  }

  async reset(): Promise<void> {
    await this.#command('system_reset')
  }

  /** Ends the process at once; resolves when it is gone. The phase is then `gone`. */
  async kill(): Promise<void> {
    await this.#end({ phase: 'gone', message: 'The machine was switched off by force.' }, false)
  }

  /** Re-reads QEMU's run state and acts on it; calls while one is under way become one more. */
  refresh(): Promise<void> {
    this.#refreshAgain = true
    this.#refreshing ??= this.#refreshLoop().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  /** Lets go of a machine that goes on running. */
  detach(): void {
    this.#qmp?.close()
  }

  async #refreshLoop(): Promise<void> {
    while (this.#refreshAgain && !this.#gone) {
      this.#refreshAgain = false
      await this.#refreshOnce()
    }
  }

  async #refreshOnce(): Promise<void> {
    if (this.#ended) return this.#end(this.#ended, true)
    const state = await readRunState((command) => this.#command(command))
    if (state.phase === 'shutdown' && (await this.parts.directory.softRebootPending())) return this.#reboot()
    if (state.phase === 'shutdown' || state.phase === 'crashed') {
      const { phase, message } = state
      return this.#end({ phase, ...(message ? { message } : {}) }, true)
    }
    this.#setPhase(this.#process?.released ? state.phase : 'starting', state.message)
  }

  /** Completes a soft reboot: the guest has powered itself off and QEMU waits. */
  async #reboot(): Promise<void> {
    await this.#command('system_reset')
    // The reset is carried out a moment after its command is acknowledged, and before it `cont` is refused.
    for (let attempt = 0; attempt < 100; attempt++) {
      if ((await readRunState((command) => this.#command(command))).phase !== 'shutdown') break
      await sleep(20)
    }
    await this.#command('cont')
    await this.parts.directory.setSoftReboot(undefined)
    this.#refreshAgain = true
  }

  /** Writes down why, then ends the process: politely first, so that QEMU writes out what it holds, or at once. */
  async #end(record: EndedRecord, politely: boolean): Promise<void> {
    const { directory } = this.parts
    if (this.#gone) return
    const running = this.#requireProcess()
    this.#ended ??= record
    await directory.writeEnded(this.#ended)
    if (politely) {
      await this.#qmp?.execute('quit', undefined, 3_000).catch((error: unknown) => {
        this.parts.log.warn({ err: error, machine: this.id }, 'QEMU did not quit')
      })
      if (await this.#goneWithin(running.qemu, 5_000)) return
    }
    signalProcess(running.qemu, 'SIGKILL')
    if (!(await this.#goneWithin(running.qemu, 10_000)))
      throw new HypervisorError('Failed', `${this.spec.name} can not be ended: its process does not die.`)
  }

  /** Looks for itself, since the watcher may be the one who waits here. @param timeout milliseconds */
  async #goneWithin(qemu: ProcessIdentity, timeout: number): Promise<boolean> {
    for (const deadline = Date.now() + timeout; isAlive(qemu); await sleep(10)) if (Date.now() > deadline) return false
    await this.#processGone()
    return true
  }

  /** One conversation at a time: QEMU's monitor leaves a second one waiting in silence. */
  #converse(): Promise<void> {
    if (this.#qmp) return Promise.resolve()
    this.#conversing ??= this.#openMonitor().finally(() => {
      this.#conversing = undefined
    })
    return this.#conversing
  }

  async #openMonitor(): Promise<void> {
    const socket = await connectUnix(this.parts.directory.file(runFiles.qmp))
    const qmp = await Qmp.open(socket, () => this.#refreshSoon())
    this.#qmp = qmp
    void qmp.closed.then(() => {
      if (this.#qmp === qmp) this.#qmp = undefined
    })
  }

  /** Every event may mean another run state; what it is, is asked for. */
  #refreshSoon(): void {
    this.refresh().catch((error: unknown) => {
      if (!this.#gone && !this.parts.signal.aborted)
        this.parts.log.warn({ err: error, machine: this.id }, 'state not read')
    })
  }

  /** Notices the end of the process and brings the conversation back when it broke off. */
  async #watch(qemu: ProcessIdentity): Promise<void> {
    const { signal, log } = this.parts
    while (!signal.aborted && !this.#gone) {
      if (!isAlive(qemu)) return this.#processGone()
      if (!this.#qmp) {
        try {
          await this.#converse()
          await (this.#process?.released ? this.refresh() : this.release())
        } catch (error) {
          log.debug({ err: error, machine: this.id }, 'no conversation with QEMU yet')
        }
      }
      await Promise.race([sleep(watchInterval, undefined, { ref: false }), this.#exit, this.#qmp?.closed ?? sleep(100)])
      // A socket closes a moment before its process is seen to be gone.
      if (!this.#qmp) await sleep(20)
    }
  }

  /** The process is seen to be gone; resolves when all it used is given back. */
  async #processGone(): Promise<void> {
    if (this.#gone) return this.#exit
    this.#gone = true
    const { directory, log, onGone, onChange } = this.parts
    this.#qmp?.close()
    this.ports.close()
    await this.consoles.close()
    try {
      this.#ended ??= { phase: 'crashed', message: await this.#lastWords() }
      await directory.writeEnded(this.#ended)
      await onGone()
    } catch (error) {
      log.error({ err: error, machine: this.id }, 'what the machine used could not all be given back')
    }
    this.#phase = this.#ended?.phase ?? 'crashed'
    this.#message = this.#ended?.message
    log.info({ machine: this.id, phase: this.#phase, message: this.#message }, 'machine ended')
    this.#resolveExit()
    onChange()
  }

  async #lastWords(): Promise<string> {
    return (await this.parts.directory.lastWords()) || 'QEMU ended by itself or was ended by the host.'
  }

  #setPhase(phase: MachinePhase, message: string | undefined): void {
    if (this.#phase === phase && this.#message === message) return
    this.#phase = phase
    this.#message = message
    this.parts.onChange()
  }

  #requireProcess(): ProcessRecord {
    if (this.#gone || !this.#process) throw new HypervisorError('Failed', `${this.spec.name} is not running.`)
    return this.#process
  }

  async #command(command: string, args?: Record<string, unknown>): Promise<unknown> {
    this.#requireProcess()
    if (!this.#qmp) throw new HypervisorError('Unavailable', `${this.spec.name} does not answer at the moment.`)
    return this.#qmp.execute(command, args)
  }
}
