import { isDeepStrictEqual } from 'node:util'
import { controllerRevisionKind, type PersistentVolumeClaim, persistentVolumeClaimKind } from '@/contract/kinds/core'
import { type DataVolume, dataVolumeKind } from '@/contract/kinds/data-volume'
import { type VirtualMachine, virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import type { KubeObject, ObjectRef } from '@/contract/kube-object'
import { ApiError } from '@/server/cluster/kube-client'
import { type ControllerDefinition, defineController, refOf, watchKind } from '../../runtime/controller'
import { stateConditions } from '../conditions'
import type { Engine } from '../engine'
import { SizingError, sizeInstance } from '../sizing'
import { createIfAbsent, writeFinalizers, writeStatus } from '../writes'
import { revisionName, vmGenerationAnnotation } from './build-instance'
import { decideVirtualMachine, type VmAction, vmFinalizer } from './decide'
import type { ObservedVirtualMachine } from './facts'

const fieldManager = 'chiave-virtualmachine'

/** Gives VirtualMachines their meaning: creates and deletes their instance and DataVolumes, says how they are. */
export function virtualMachineController(engine: Engine): ControllerDefinition {
  const { informers } = engine
  const machines = informers.of(virtualMachineKind)
  const revisions = informers.of(controllerRevisionKind)

  /** VMs whose template names this claim or DataVolume. */
  const usersOf = (object: KubeObject): ObjectRef[] =>
    machines
      .list(object.metadata.namespace)
      .filter((vm) => namedVolumes(vm).includes(object.metadata.name))
      .map((vm) => refOf(vm))

  return defineController({
    name: fieldManager,
    for: virtualMachineKind,
    owns: [virtualMachineInstanceKind, dataVolumeKind],
    watches: [
      watchKind(dataVolumeKind, usersOf),
      watchKind(persistentVolumeClaimKind, usersOf),
      // An instance that the VM does not control may stand in its way.
      watchKind(virtualMachineInstanceKind, (vmi) => [refOf(vmi)]),
    ],
    workers: 4,
    async reconcile(ref) {
      const vm = machines.get(ref)
      if (!vm) return undefined
      const decision = decideVirtualMachine(
        observe(
          engine,
          vm,
          revisions.ownedBy(vm.metadata.uid ?? '').map((r) => r.metadata.name),
        ),
      )
      let current = await writeStatus(engine.client, virtualMachineKind, {
        object: vm,
        status: decision.status,
        fieldManager,
      })
      for (const action of decision.actions) {
        current = await perform(engine, current, action)
      }
      return decision.requeueAfter === undefined ? undefined : { requeueAfter: decision.requeueAfter }
    },
  })
}

function observe(engine: Engine, vm: VirtualMachine, revisions: string[]): ObservedVirtualMachine {
  const { informers, clock } = engine
  const found = informers.of(virtualMachineInstanceKind).get(refOf(vm))
  const controlled = found?.metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === vm.metadata.uid)
  const vmi = controlled ? found : undefined
  const { namespace } = vm.metadata
  const dataVolumes = new Map<string, DataVolume>()
  const claims = new Map<string, PersistentVolumeClaim>()
  for (const name of namedVolumes(vm)) {
    const ref = { ...(namespace ? { namespace } : {}), name }
    const dataVolume = informers.of(dataVolumeKind).get(ref)
    const claim = informers.of(persistentVolumeClaimKind).get(ref)
    if (dataVolume) dataVolumes.set(name, dataVolume)
    if (claim) claims.set(name, claim)
  }
  const generation = vmi?.metadata.annotations?.[vmGenerationAnnotation]
  const started = generation
    ? informers
        .of(controllerRevisionKind)
        .get({ ...(namespace ? { namespace } : {}), name: revisionName(vm, generation) })
    : undefined
  // Written by this controller alone, with the VM's spec in it.
  const startedFrom = (started?.data as { spec: VirtualMachine['spec'] } | undefined)?.spec
  return {
    vm,
    vmi,
    occupied: found !== undefined && !controlled,
    startedFrom,
    revisions,
    dataVolumes,
    claims,
    now: clock.now(),
  }
}

async function perform(engine: Engine, vm: VirtualMachine, action: VmAction): Promise<VirtualMachine> {
  const { client } = engine
  const events = engine.events('virtualmachine-controller')
  const inNamespace = vm.metadata.namespace ? { namespace: vm.metadata.namespace } : {}
  switch (action.type) {
    case 'addFinalizer':
      return writeFinalizers(client, virtualMachineKind, { object: vm, add: vmFinalizer, fieldManager })
    case 'removeFinalizer':
      return writeFinalizers(client, virtualMachineKind, { object: vm, remove: vmFinalizer, fieldManager })
    case 'createRevision':
      await createIfAbsent(client, controllerRevisionKind, { object: action.revision, fieldManager })
      return vm
    case 'deleteRevision':
      await client.delete(controllerRevisionKind, { ...inNamespace, name: action.name })
      return vm
    case 'createDataVolume': {
      const { name } = action.dataVolume.metadata
      const created = await reported(engine, vm, {
        what: `Error creating DataVolume ${name}`,
        create: () => createIfAbsent(client, dataVolumeKind, { object: action.dataVolume, fieldManager }),
      })
      if (created) events.normal(vm, 'SuccessfulDataVolumeCreate', `Created DataVolume ${name}`)
      return vm
    }
    case 'createInstance': {
      const { name } = action.instance.metadata
      const created = await reported(engine, vm, {
        what: `Error creating virtual machine instance`,
        create: async () => {
          const object = await sizeInstance(client, vm, action.instance)
          return createIfAbsent(client, virtualMachineInstanceKind, { object, fieldManager })
        },
      })
      if (created) {
        const message = `Started the virtual machine by creating the new virtual machine instance ${name}`
        events.normal(vm, 'SuccessfulCreate', message)
      }
      return vm
    }
    case 'deleteInstance': {
      const { name, uid } = action.instance.metadata
      await client.delete(virtualMachineInstanceKind, { ...inNamespace, name }, uid ? { preconditions: { uid } } : {})
      const message = `Stopped the virtual machine by deleting the virtual machine instance ${name}`
      events.normal(vm, 'SuccessfulDelete', message)
      return vm
    }
    case 'setStrategyAlways': {
      const spec = vm.spec.runStrategy ? { runStrategy: 'Always' } : { running: true }
      return client.patch(virtualMachineKind, refOf(vm), { type: 'merge', body: { spec } }, { fieldManager })
    }
  }
}

/** Makes a refusal visible on the VM before it is tried again. */
async function reported(
  engine: Engine,
  vm: VirtualMachine,
  { what, create }: { what: string; create: () => Promise<boolean> },
): Promise<boolean> {
  try {
    return await create()
  } catch (error) {
    if (error instanceof SizingError || (error instanceof ApiError && error.code < 500)) {
      const message = `${what}: ${error.message}`
      engine.events('virtualmachine-controller').warning(vm, 'FailedCreate', message)
      const state = { type: 'Failure', status: 'True' as const, reason: 'FailedCreate', message }
      const others = (vm.status?.conditions ?? []).filter((condition) => condition.type !== 'Failure')
      const [failure] = stateConditions(vm.status?.conditions, [state], engine.clock.now())
      const conditions = failure ? [...others, failure] : others
      if (!isDeepStrictEqual(conditions, vm.status?.conditions)) {
        const status = { ...vm.status, conditions }
        await writeStatus(engine.client, virtualMachineKind, { object: vm, status, fieldManager })
      }
    }
    throw error
  }
}

function namedVolumes(vm: VirtualMachine): string[] {
  const templates = (vm.spec.dataVolumeTemplates ?? []).map((template) => template.metadata.name)
  const volumes = (vm.spec.template.spec.volumes ?? []).map(
    (volume) => volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName,
  )
  return [...new Set([...templates, ...volumes])].filter((name) => name !== undefined)
}
