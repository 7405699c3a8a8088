import { podKind } from '@/contract/kinds/core'
import { type VirtualMachineInstance, virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import { refOf } from '../../runtime/controller'
import type { Engine } from '../engine'
import { type Hypervisor, HypervisorError } from '../hypervisor-port'
import { vmiFinalizer } from '../virtual-machine/build-instance'
import { createIfAbsent, writeFinalizers } from '../writes'
import type { InstanceAction } from './decide'
import { withAutomaticLimits } from './launcher-limits'

const fieldManager = 'chiave-virtualmachineinstance'

/** Does one thing for an instance; each may be done again. */
export async function performInstanceAction(
  engine: Engine,
  vmi: VirtualMachineInstance,
  action: InstanceAction,
): Promise<void> {
  const { client } = engine
  switch (action.type) {
    case 'createPod': {
      const object = await withAutomaticLimits(client, action.pod)
      if (await createIfAbsent(client, podKind, { object, fieldManager })) {
        const message = `Created virtual machine pod ${action.pod.metadata.name}`
        engine.events('virtualmachine-controller').normal(vmi, 'SuccessfulCreate', message)
      }
      return
    }
    case 'bindPod': {
      const body = { spec: { nodeName: action.nodeName } }
      await client.patch(podKind, refOf(action.pod), { type: 'merge', body }, { fieldManager })
      return
    }
    case 'deletePod': {
      const { uid = '' } = action.pod.metadata
      await client.delete(podKind, refOf(action.pod), { gracePeriodSeconds: 0, preconditions: { uid } })
      return
    }
    case 'removeFinalizer':
      await writeFinalizers(client, virtualMachineInstanceKind, { object: vmi, remove: vmiFinalizer, fieldManager })
      return
    default:
      return performOnHost(engine, vmi, action)
  }
}

type HostAction = Exclude<InstanceAction, { type: 'createPod' | 'bindPod' | 'deletePod' | 'removeFinalizer' }>

async function performOnHost(engine: Engine, vmi: VirtualMachineInstance, action: HostAction): Promise<void> {
  const id = vmi.metadata.uid ?? ''
  const hypervisor = hypervisorOf(engine, vmi)
  const events = engine.events('virt-handler')
  switch (action.type) {
    case 'startMachine':
      await hypervisor.startMachine(action.spec)
      return
    case 'resume':
      return hypervisor.resume(id)
    case 'powerdown':
      await hypervisor.powerdown(id)
      events.normal(vmi, 'ShuttingDown', 'Signaled Graceful Shutdown')
      return
    case 'kill':
      await hypervisor.kill(id)
      events.normal(vmi, 'Deleted', 'Signaled Deletion')
      return
    case 'removeMachine':
      return hypervisor.removeMachine(id)
  }
}

function hypervisorOf(engine: Engine, vmi: VirtualMachineInstance): Hypervisor {
  const nodeName = vmi.status?.nodeName ?? ''
  const hypervisor = engine.hypervisors.get(nodeName)
  if (!hypervisor) throw new HypervisorError('Unavailable', `this cluster has no agent for node ${nodeName}`)
  return hypervisor
}
