import type { AdmissionPlugin } from './admission'
import { dataVolumeAdmission } from './data-volume'
import { defaultStorageClass } from './default-storage-class'
import { namespaceLifecycle } from './namespace-lifecycle'
import { virtualMachineAdmission } from './virtual-machine'
import { virtualMachineInstanceAdmission } from './virtual-machine-instance'

/** The rules of a cluster with KubeVirt and CDI, in the order they run. */
export const standardAdmission: readonly AdmissionPlugin[] = [
  namespaceLifecycle,
  defaultStorageClass,
  virtualMachineAdmission,
  virtualMachineInstanceAdmission,
  dataVolumeAdmission,
]
