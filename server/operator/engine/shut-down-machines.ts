import { type VirtualMachineInstance, virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import { type Clock, sleep, systemClock } from '@/server/cluster/clock'
import type { KubeClient } from '@/server/cluster/kube-client'
import type { Hypervisor, MachineState } from './hypervisor-port'
import { isAlive, resumeAnnotation } from './virtual-machine-instance/observed'

export interface ShutDownProgress {
  /** `namespace/name` of the machine. */
  name: string
  step: 'asked' | 'off' | 'forced'
}

export interface ShutDownOptions {
  client: KubeClient
  hypervisors: Iterable<Hypervisor>
  clock?: Clock
  onProgress(progress: ShutDownProgress): void
  /** Ends the waiting: what still runs is then left running. */
  signal?: AbortSignal
}

const pressInterval = 5_000
const pollInterval = 250
const defaultGraceSeconds = 30
const fieldManager = 'chiave-shut-down'

/**
 * Shuts every guest down in order and, after each one's own grace period, by force. The instances stay and are marked, so
 * that the next start of the engine starts the very same machines again, whatever their run strategy. Call it when the
 * engine has stopped and the API still answers: a working engine would start them at once.
 */
export async function shutDownMachines(options: ShutDownOptions): Promise<void> {
  const { items } = await options.client.list(virtualMachineInstanceKind)
  const instances = new Map(items.map((vmi) => [vmi.metadata.uid ?? '', vmi]))
  const all = [...options.hypervisors].map(async (hypervisor) => {
    const machines = (await hypervisor.machines()).filter(isAlive)
    await Promise.all(
      machines.map((machine) => shutDown(options, { hypervisor, machine, vmi: instances.get(machine.id) })),
    )
  })
  await Promise.all(all)
}

interface Guest {
  hypervisor: Hypervisor
  machine: MachineState
  vmi: VirtualMachineInstance | undefined
}

async function shutDown(options: ShutDownOptions, { hypervisor, machine, vmi }: Guest): Promise<void> {
  const { clock = systemClock, onProgress, signal } = options
  const { id, name } = machine
  if (vmi && !vmi.metadata.deletionTimestamp) await markForResume(options.client, vmi)
  const grace = vmi?.spec.terminationGracePeriodSeconds ?? defaultGraceSeconds
  const deadline = clock.now() + grace * 1000
  onProgress({ name, step: 'asked' })
  let pressed = Number.NEGATIVE_INFINITY
  while (clock.now() < deadline && !signal?.aborted) {
    const now = await hypervisor.machine(id)
    if (!now || !isAlive(now)) return onProgress({ name, step: 'off' })
    if (clock.now() - pressed >= pressInterval) {
      await press(hypervisor, now)
      pressed = clock.now()
    }
    await sleep(clock, pollInterval, signal)
  }
  if (signal?.aborted) return
  await hypervisor.kill(id)
  onProgress({ name, step: 'forced' })
}

async function markForResume(client: KubeClient, vmi: VirtualMachineInstance): Promise<void> {
  const { namespace = '', name } = vmi.metadata
  const body = { metadata: { annotations: { [resumeAnnotation]: 'true' } } }
  await client.patch(virtualMachineInstanceKind, { namespace, name }, { type: 'merge', body }, { fieldManager })
}

/** A stopped CPU notices no button. */
async function press(hypervisor: Hypervisor, { id, phase }: MachineState): Promise<void> {
  if (phase === 'paused') await hypervisor.resume(id)
  if (phase !== 'starting') await hypervisor.powerdown(id)
}
