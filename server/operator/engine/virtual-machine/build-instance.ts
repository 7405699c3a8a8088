import type { ControllerRevision } from '@/contract/kinds/core'
import { controllerRevisionKind } from '@/contract/kinds/core'
import { type DataVolume, dataVolumeKind } from '@/contract/kinds/data-volume'
import { apiVersionOf } from '@/contract/kinds/kind'
import { type VirtualMachine, virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { type VirtualMachineInstance, virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import { controllerReference } from '../../runtime/controller'

/** An instance's annotation that says which generation of its VM it was made from. */
export const vmGenerationAnnotation = 'kubevirt.io/vm-generation'
export const vmiFinalizer = 'kubevirt.io/foregroundDeleteVirtualMachine'

/** Seconds a guest of a VM gets to shut down when its template does not say. */
const defaultGracePeriod = 180

/** The instance a VM runs as: its template with the VM's name, marks and owner reference. */
export function buildInstance(vm: VirtualMachine, { paused }: { paused: boolean }): VirtualMachineInstance {
  const { template } = vm.spec
  const { name, namespace, generation } = vm.metadata
  return {
    apiVersion: apiVersionOf(virtualMachineInstanceKind),
    kind: virtualMachineInstanceKind.kind,
    metadata: {
      name,
      ...(namespace ? { namespace } : {}),
      labels: { ...template.metadata?.labels, 'kubevirt.io/vm': name },
      annotations: { ...template.metadata?.annotations, [vmGenerationAnnotation]: String(generation ?? 1) },
      finalizers: [vmiFinalizer],
      ownerReferences: [controllerReference(virtualMachineKind, vm)],
    },
    spec: {
      ...template.spec,
      terminationGracePeriodSeconds: template.spec.terminationGracePeriodSeconds ?? defaultGracePeriod,
      ...(paused ? { startStrategy: 'Paused' as const } : {}),
    },
    status: { virtualMachineRevisionName: revisionName(vm, generation ?? 1) },
  }
}

/** One name per VM and generation, as KubeVirt's. */
export function revisionName(vm: VirtualMachine, generation: number | string): string {
  return `revision-start-vm-${vm.metadata.uid}-${generation}`
}

/** Remembers what a VM's spec was when its instance was started, to tell later what needs a restart. */
export function buildStartRevision(vm: VirtualMachine): ControllerRevision {
  const { namespace, generation = 1 } = vm.metadata
  return {
    apiVersion: apiVersionOf(controllerRevisionKind),
    kind: controllerRevisionKind.kind,
    metadata: {
      name: revisionName(vm, generation),
      ...(namespace ? { namespace } : {}),
      ownerReferences: [controllerReference(virtualMachineKind, vm)],
    },
    data: { spec: vm.spec },
    revision: generation,
  }
}

export function buildDataVolumes(vm: VirtualMachine): DataVolume[] {
  const { namespace, uid } = vm.metadata
  return (vm.spec.dataVolumeTemplates ?? []).map((template) => ({
    apiVersion: apiVersionOf(dataVolumeKind),
    kind: dataVolumeKind.kind,
    metadata: {
      name: template.metadata.name,
      ...(namespace ? { namespace } : {}),
      labels: { ...template.metadata.labels, 'kubevirt.io/created-by': uid ?? '' },
      ...(template.metadata.annotations ? { annotations: template.metadata.annotations } : {}),
      ownerReferences: [controllerReference(virtualMachineKind, vm)],
    },
    spec: template.spec,
  }))
}
