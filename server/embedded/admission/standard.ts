import type { AdmissionPlugin } from './admission'
import { dataVolumeAdmission } from './data-volume'
import { dataImportCronAdmission } from './data-volume-import-cron'
import { cdiAdmission, objectTransferAdmission, populatorAdmission } from './data-volume-populators'
import { defaultStorageClass } from './default-storage-class'
import { namespaceLifecycle } from './namespace-lifecycle'
import { virtualMachineAdmission } from './virtual-machine'
import { virtualMachineInstanceAdmission } from './virtual-machine-instance'
import { virtualMachineInstanceMigrationAdmission } from './virtual-machine-instance-migration'
import { virtualMachineInstancePresetAdmission } from './virtual-machine-instance-preset'
import { virtualMachineInstanceReplicaSetAdmission } from './virtual-machine-instance-replica-set'
import { virtualMachinePlatformAdmission } from './virtual-machine-platform'

/** The rules of a cluster with KubeVirt and CDI, in the order they run. */
export const standardAdmission: readonly AdmissionPlugin[] = [
  namespaceLifecycle,
  defaultStorageClass,
  virtualMachineAdmission,
  virtualMachineInstanceAdmission,
  virtualMachineInstanceMigrationAdmission,
  virtualMachineInstancePresetAdmission,
  virtualMachineInstanceReplicaSetAdmission,
  virtualMachinePlatformAdmission,
  dataVolumeAdmission,
  dataImportCronAdmission,
  populatorAdmission,
  objectTransferAdmission,
  cdiAdmission,
]
