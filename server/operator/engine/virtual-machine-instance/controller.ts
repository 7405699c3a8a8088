import { nodeKind, type Pod, persistentVolumeClaimKind, podKind, secretKind } from '@/contract/kinds/core'
import { dataVolumeKind } from '@/contract/kinds/data-volume'
import { type VirtualMachineInstance, virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import type { KubeObject, ObjectRef } from '@/contract/kube-object'
import { ApiError } from '@/server/cluster/kube-client'
import { type ControllerDefinition, defineController, refOf, watchKind } from '../../runtime/controller'
import type { Engine, EventComponent } from '../engine'
import { HypervisorError } from '../hypervisor-port'
import { writeObject, writeStatus } from '../writes'
import { createAddressPool } from './addresses'
import { decideInstance, type InstanceDecision } from './decide'
import { addressAnnotation } from './launcher-pod'
import { createObserver } from './observe'
import type { ObservedInstance } from './observed'
import { performInstanceAction } from './perform'
import { claimNameOf } from './volumes'

const fieldManager = 'chiave-virtualmachineinstance'

/** Gives VirtualMachineInstances their meaning: a Pod, a place, an address, a QEMU process, and their state back. */
export function virtualMachineInstanceController(engine: Engine): ControllerDefinition {
  const { informers } = engine
  const instances = informers.of(virtualMachineInstanceKind)
  const pods = informers.of(podKind)
  const addresses = createAddressPool(() =>
    pods.list().flatMap((pod) => {
      const uid = pod.metadata.labels?.['kubevirt.io/created-by']
      const address = pod.metadata.annotations?.[addressAnnotation]
      return uid && address ? [[uid, address] as const] : []
    }),
  )
  const observe = createObserver(engine, addresses)

  /** Instances whose volumes name this claim or DataVolume. */
  const usersOf = (object: KubeObject): ObjectRef[] =>
    instances
      .list(object.metadata.namespace)
      .filter((vmi) => vmi.spec.volumes?.some((volume) => claimNameOf(volume) === object.metadata.name))
      .map(refOf)
  /** Room or an agent that came back may be what these wait for. */
  const dependentsOf = (node: KubeObject): ObjectRef[] =>
    instances
      .list()
      .filter((vmi) => vmi.status?.phase === 'Scheduling' || vmi.status?.nodeName === node.metadata.name)
      .map(refOf)

  return defineController({
    name: fieldManager,
    for: virtualMachineInstanceKind,
    owns: [podKind],
    watches: [
      watchKind(dataVolumeKind, usersOf),
      watchKind(persistentVolumeClaimKind, usersOf),
      watchKind(nodeKind, dependentsOf),
      watchKind(secretKind, (secret) => waitingForSecrets(instances.list(secret.metadata.namespace)).map(refOf)),
    ],
    sources: [...engine.hypervisors.values()].map((hypervisor) => (enqueue, signal) => {
      hypervisor.subscribe((event) => {
        if (event.type === 'disk') return
        const one = event.type === 'machine' ? instances.byUid(event.id) : undefined
        const concerned = one ? [one] : event.type === 'machine' ? [] : instances.list()
        for (const vmi of concerned) enqueue(refOf(vmi))
      }, signal)
    }),
    workers: 4,
    async reconcile(ref) {
      const vmi = instances.get(ref)
      if (!vmi) return undefined
      return reconcile(engine, await observe(vmi), () => addresses.release(vmi.metadata.uid ?? ''))
    },
  })
}

async function reconcile(engine: Engine, observed: ObservedInstance, onGone: () => void) {
  const { vmi, pod } = observed
  const decision = decideInstance(observed)
  const written = await writeObject(engine.client, virtualMachineInstanceKind, {
    read: vmi,
    next: decision.instance,
    fieldManager,
  })
  announce(engine, vmi, written)
  if (pod && isPodStatusDue(pod, decision)) {
    await writeStatus(engine.client, podKind, { object: pod, status: decision.podStatus ?? {}, fieldManager })
  }
  for (const action of decision.actions) {
    try {
      await performInstanceAction(engine, written, action)
      if (action.type === 'removeFinalizer') onGone()
    } catch (error) {
      if (action.type === 'startMachine' && error instanceof HypervisorError) {
        await reportRefusal(
          engine,
          { ...observed, vmi: written, startError: error },
          { component: 'virt-handler', reason: 'SyncFailed', message: `failed to start: ${error.message}` },
        )
      }
      if (action.type === 'createPod' && error instanceof ApiError && error.code < 500) {
        await reportRefusal(
          engine,
          { ...observed, vmi: written, podError: error.message },
          {
            component: 'virtualmachine-controller',
            reason: 'FailedCreate',
            message: `Error creating pod: ${error.message}`,
          },
        )
      }
      throw error
    }
  }
  return decision.requeueAfter === undefined ? undefined : { requeueAfter: decision.requeueAfter }
}

/** A Pod that is about to be bound or removed says nothing in between. */
function isPodStatusDue(pod: Pod, { podStatus, actions }: InstanceDecision): boolean {
  if (!podStatus || pod.metadata.deletionTimestamp) return false
  return !actions.some(({ type }) => type === 'bindPod' || type === 'deletePod')
}

interface Refusal {
  component: EventComponent
  reason: string
  message: string
}

/** What was refused goes into the status, or ends the instance, before it is tried again. */
async function reportRefusal(engine: Engine, observed: ObservedInstance, refusal: Refusal): Promise<void> {
  const { instance } = decideInstance(observed)
  engine.events(refusal.component).warning(observed.vmi, refusal.reason, refusal.message)
  await writeObject(engine.client, virtualMachineInstanceKind, { read: observed.vmi, next: instance, fieldManager })
}

/** Tells people of a new phase once it is written, in virt-handler's words. */
function announce(engine: Engine, before: VirtualMachineInstance, after: VirtualMachineInstance): void {
  const phase = after.status?.phase
  if (before.status?.phase === phase) return
  const events = engine.events('virt-handler')
  if (phase === 'Running') {
    events.normal(after, 'Created', 'VirtualMachineInstance defined.')
    events.normal(after, 'Started', 'VirtualMachineInstance started.')
  } else if (phase === 'Succeeded') events.normal(after, 'Stopped', 'The VirtualMachineInstance was shut down.')
  else if (phase === 'Failed') events.warning(after, 'Stopped', 'The VirtualMachineInstance crashed.')
}

function waitingForSecrets(instances: VirtualMachineInstance[]): VirtualMachineInstance[] {
  return instances.filter((vmi) =>
    vmi.status?.conditions?.some(({ reason, status }) => status === 'False' && reason === 'FailedSecretNotFound'),
  )
}
