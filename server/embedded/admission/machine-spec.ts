import { checkAccessCredentials } from './machine-access-credentials'
import { checkAffinity, checkTopologySpread } from './machine-affinity'
import { checkBootOrder } from './machine-boot-order'
import type { MachineCheck, MachineRule } from './machine-check'
import {
  checkCpuFeatures,
  checkCpuGrowth,
  checkCpuResources,
  checkDedicatedCpus,
  checkNuma,
  checkRealtime,
} from './machine-cpu'
import {
  checkArchitecture,
  checkGatedDevices,
  checkInputs,
  checkIoThreads,
  checkPassthrough,
  checkScreenAndPanic,
  checkSound,
} from './machine-devices'
import { checkDisks } from './machine-disks'
import { checkDns } from './machine-dns'
import { checkAcpi, checkFirmware, checkMachineType } from './machine-firmware'
import { checkHyperv } from './machine-hyperv'
import { checkLaunchSecurity } from './machine-launch-security'
import {
  checkGuestMemory,
  checkHugePages,
  checkMemory,
  checkMemoryGiven,
  checkReservedOverhead,
} from './machine-memory'
import { checkHostNames, checkServiceAccount } from './machine-names'
import { checkDiscontinuedBindings, checkNetworks } from './machine-networks'
import { checkEvictionStrategy, checkProbes, checkStrategies } from './machine-probes'
import { checkContainerDisks, checkUtilityVolumes, checkVolumes, checkVolumesAttached } from './machine-volumes'

/** In KubeVirt's order: messages are strung together in it, and only the first ten are told. */
const rules: readonly MachineRule[] = [
  checkHostNames,
  checkMemory,
  checkHugePages,
  checkGuestMemory,
  checkMachineType,
  checkAcpi,
  checkCpuResources,
  checkDedicatedCpus,
  checkNuma,
  checkCpuFeatures,
  checkCpuGrowth,
  checkStrategies,
  checkRealtime,
  checkAffinity,
  checkTopologySpread,
  checkNetworks,
  checkBootOrder,
  checkInputs,
  checkIoThreads,
  checkProbes,
  checkDisks,
  checkFirmware,
  checkVolumes,
  checkContainerDisks,
  checkUtilityVolumes,
  checkAccessCredentials,
  checkDns,
  checkEvictionStrategy,
  checkPassthrough,
  checkSound,
  checkLaunchSecurity,
  checkGatedDevices,
  checkScreenAndPanic,
  checkReservedOverhead,
  checkServiceAccount,
]

/** KubeVirt's rules for a machine's spec, be it an instance's or a template's, defaults filled in. */
export function checkMachineSpec(check: MachineCheck): void {
  for (const rule of rules) rule(check)
}

/** The rules for an instance: it is asked about its networks twice, as KubeVirt's two validators do. */
export function checkInstanceSpec(check: MachineCheck): void {
  checkNetworks(check)
  checkDiscontinuedBindings(check)
  checkMachineSpec(check)
  checkVolumesAttached(check)
  checkMemoryGiven(check)
}

/** Rules for an instance that come after those for its metadata. */
export function checkInstancePlatform(check: MachineCheck): void {
  checkHyperv(check)
  checkArchitecture(check)
}
