import type { ReadObjects } from '../strategies/strategy'
import { textAt, textsAt, valueAt } from './machine-fields'

/** What the cluster's KubeVirt resource says about machines, with KubeVirt's defaults. */
export interface MachineSettings {
  /** Whether a feature gate is on. */
  has(gate: string): boolean
  evictionStrategy: string
  /** Whether changes go to running machines (`LiveUpdate`), not to the next start (`Stage`). */
  liveUpdate: boolean
  machineType: string
  /** Patterns of machine types, as `pc-q35*`. */
  emulatedMachines: readonly string[]
  cpuModel: string
  /** undefined: what a machine asks for on its own. */
  cpuRequest: string | undefined
  maxHotplugRatio: number
  /** 0: no limit but the ratio. */
  maxCpuSockets: number
  maxGuest: string | undefined
  /** Binding of the interface that a machine gets when it names none. */
  defaultBinding: 'bridge' | 'masquerade'
  permitBridgeOnPodNetwork: boolean
}

/** Gates that are on unless named in `disabledFeatureGates` (KubeVirt 1.9). */
const betaGates = new Set([
  'Snapshot',
  'DeclarativeHotplugVolumes',
  'Template',
  'RebootPolicy',
  'PasstBinding',
  'ExternalNetResourceInjection',
  'ImageVolume',
  'NodeRestriction',
  'KubevirtSeccompProfile',
  'GPUsWithDRA',
  'HostDevicesWithDRA',
  'WorkloadEncryptionSEV',
  'LibvirtHooksServerAndClient',
  'VmiMemoryOverheadReport',
  'OptOutRoleAggregation',
  'PodSecondaryInterfaceNamingUpgrade',
])

/** Reads the settings from the KubeVirt resource; without one all is as KubeVirt has it by default. */
export function readMachineSettings(list: ReadObjects): MachineSettings {
  const configuration = valueAt(list('kubevirts.kubevirt.io')[0], 'spec', 'configuration')
  const at = (...path: readonly string[]) => valueAt(configuration, ...path)
  const enabled = textsAt(configuration, 'developerConfiguration', 'featureGates')
  const disabled = textsAt(configuration, 'developerConfiguration', 'disabledFeatureGates')
  const emulated = textsAt(configuration, 'emulatedMachines')
  const emulatedHere = textsAt(configuration, 'architectureConfiguration', 'amd64', 'emulatedMachines')
  const ratio = at('liveUpdateConfiguration', 'maxHotplugRatio')
  const sockets = at('liveUpdateConfiguration', 'maxCpuSockets')
  return {
    has: (gate) => enabled.includes(gate) || (betaGates.has(gate) && !disabled.includes(gate)),
    evictionStrategy: textAt(configuration, 'evictionStrategy') || 'None',
    liveUpdate: textAt(configuration, 'vmRolloutStrategy') !== 'Stage',
    machineType:
      textAt(configuration, 'architectureConfiguration', 'amd64', 'machineType') ||
      textAt(configuration, 'machineType') ||
      'q35',
    emulatedMachines: [emulated, emulatedHere].find((names) => names.length > 0) ?? ['q35*', 'pc-q35*'],
    cpuModel: textAt(configuration, 'cpuModel') || 'host-model',
    cpuRequest: textAt(configuration, 'cpuRequest') || undefined,
    maxHotplugRatio: typeof ratio === 'number' && ratio > 0 ? ratio : 4,
    maxCpuSockets: typeof sockets === 'number' ? sockets : 0,
    maxGuest: textAt(configuration, 'liveUpdateConfiguration', 'maxGuest') || undefined,
    defaultBinding: at('network', 'defaultNetworkInterface') === 'masquerade' ? 'masquerade' : 'bridge',
    permitBridgeOnPodNetwork: at('network', 'permitBridgeInterfaceOnPodNetwork') !== false,
  }
}
