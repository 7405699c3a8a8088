import { type VirtualMachineInstance, virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import { type Clock, sleep, systemClock } from '@/server/cluster/clock'
import type { KubeClient } from '@/server/cluster/kube-client'
import { type Hypervisor, HypervisorError, type MachineState } from './hypervisor-port'
import { isAlive, resumeAnnotation } from './virtual-machine-instance/observed'
import { whenAvailable } from './when-available'

export interface ShutDownProgress {
  /** `namespace/name` of the machine. */
  name: string
  step: 'asked' | 'off' | 'forced'
  /** How long it may take, in seconds. */
  grace: number
}

export interface ShutDownOptions {
  /** Without one no instance is read or marked: every guest gets the default grace period. */
  client?: KubeClient
  hypervisors: Iterable<Hypervisor>
  clock?: Clock
  onProgress(progress: ShutDownProgress): void
  /** Ends the waiting: what still runs is then left running. */
  signal?: AbortSignal
}

const pressInterval = 5_000
const pollInterval = 250
/** Milliseconds for an agent that is just being started, also in the midst of it. */
const patience = 10_000
const defaultGraceSeconds = 30
const fieldManager = 'chiave-shut-down'

/**
 * Shuts every guest down in order and, after each one's own grace period, by force. The instances stay and are marked, so
 * that the next start of the engine starts the very same machines again, whatever their run strategy. Call it when the
 * engine has stopped and the API still answers: a working engine would start them at once. Rejects when a guest could not
 * be marked or switched off, after the others are off.
 */
export async function shutDownMachines(options: ShutDownOptions): Promise<void> {
  const items = options.client ? (await options.client.list(virtualMachineInstanceKind)).items : []
  const instances = new Map(items.map((vmi) => [vmi.metadata.uid ?? '', vmi]))
  await everyOne([...options.hypervisors], async (hypervisor) => {
    const machines = (await whenAvailable(() => hypervisor.machines(), { ...options, patience })).filter(isAlive)
    await everyOne(machines, (machine) => shutDown(options, { hypervisor, machine, vmi: instances.get(machine.id) }))
  })
}

/** One line for the person at the terminal. */
export function describeProgress({ name, step, grace }: ShutDownProgress): string {
  switch (step) {
    case 'asked':
      return `Shutting down ${name} …`
    case 'off':
      return `${name} is off.`
    case 'forced':
      return `${name} did not shut down within ${grace} s and was switched off.`
  }
}

/** What goes wrong with one must not keep the others from their end. */
async function everyOne<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const failed = (await Promise.allSettled(items.map(act))).find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}

interface Guest {
  hypervisor: Hypervisor
  machine: MachineState
  vmi: VirtualMachineInstance | undefined
}

async function shutDown(options: ShutDownOptions, { hypervisor, machine, vmi }: Guest): Promise<void> {
  const { clock = systemClock, onProgress, signal } = options
  const { id, name } = machine
  if (options.client && vmi && !vmi.metadata.deletionTimestamp) await markForResume(options.client, vmi)
  const grace = vmi?.spec.terminationGracePeriodSeconds ?? defaultGraceSeconds
  const deadline = clock.now() + grace * 1000
  onProgress({ name, step: 'asked', grace })
  let pressed = Number.NEGATIVE_INFINITY
  while (clock.now() < deadline && !signal?.aborted) {
    const now = await whenAvailable(() => hypervisor.machine(id), { ...options, patience })
    if (!now || !isAlive(now)) return onProgress({ name, step: 'off', grace })
    if (clock.now() - pressed >= pressInterval) {
      await press(hypervisor, now)
      pressed = clock.now()
    }
    await sleep(clock, pollInterval, signal)
  }
  if (signal?.aborted) return
  await whenAvailable(() => hypervisor.kill(id), { ...options, patience })
  onProgress({ name, step: 'forced', grace })
}

async function markForResume(client: KubeClient, vmi: VirtualMachineInstance): Promise<void> {
  const { namespace = '', name } = vmi.metadata
  const body = { metadata: { annotations: { [resumeAnnotation]: 'true' } } }
  await client.patch(virtualMachineInstanceKind, { namespace, name }, { type: 'merge', body }, { fieldManager })
}

async function press(hypervisor: Hypervisor, { id, phase }: MachineState): Promise<void> {
  try {
    // A stopped CPU notices no button.
    if (phase === 'paused') await hypervisor.resume(id)
    if (phase !== 'starting') await hypervisor.powerdown(id)
  } catch (error) {
    // It just went off, or does not listen: the next look tells, and the end of the grace period settles it.
    if (!(error instanceof HypervisorError)) throw error
  }
}
