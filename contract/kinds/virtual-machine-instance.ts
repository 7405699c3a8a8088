import type { Condition, KubeObject } from '../kube-object'
import { defineKind } from './kind'

/** KubeVirt v1: the fields of a VirtualMachineInstance that we read or write; unknown fields pass through. */

export interface Disk {
  name: string
  disk?: { bus?: string; readonly?: boolean }
  lun?: { bus?: string; readonly?: boolean }
  cdrom?: { bus?: string; readonly?: boolean; tray?: string }
  bootOrder?: number
  serial?: string
  cache?: string
  io?: string
}

export interface Interface {
  name: string
  model?: string
  macAddress?: string
  masquerade?: Record<string, never>
  bridge?: Record<string, never>
  sriov?: Record<string, never>
  passtBinding?: Record<string, never>
  binding?: { name: string }
  bootOrder?: number
  state?: string
  ports?: { name?: string; protocol?: string; port: number }[]
}

export interface CloudInitSource {
  userData?: string
  userDataBase64?: string
  secretRef?: { name: string }
  networkData?: string
  networkDataBase64?: string
  networkDataSecretRef?: { name: string }
}

export interface Volume {
  name: string
  dataVolume?: { name: string; hotpluggable?: boolean }
  persistentVolumeClaim?: { claimName: string; readOnly?: boolean; hotpluggable?: boolean }
  containerDisk?: { image: string; path?: string; imagePullPolicy?: string }
  cloudInitNoCloud?: CloudInitSource
  cloudInitConfigDrive?: CloudInitSource
  emptyDisk?: { capacity: string }
  ephemeral?: { persistentVolumeClaim?: { claimName: string } }
  configMap?: { name: string }
  secret?: { secretName: string }
  sysprep?: { configMap?: { name: string }; secret?: { name: string } }
}

export interface Network {
  name: string
  pod?: { vmNetworkCIDR?: string }
  multus?: { networkName: string; default?: boolean }
}

export interface AccessCredential {
  sshPublicKey?: {
    source: { secret?: { secretName: string } }
    propagationMethod: {
      noCloud?: Record<string, never>
      configDrive?: Record<string, never>
      qemuGuestAgent?: { users: string[] }
    }
  }
  userPassword?: {
    source: { secret?: { secretName: string } }
    propagationMethod: { qemuGuestAgent?: Record<string, never> }
  }
}

export interface Domain {
  cpu?: { sockets?: number; cores?: number; threads?: number; model?: string; maxSockets?: number }
  memory?: { guest?: string; maxGuest?: string; hugepages?: { pageSize?: string } }
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> }
  machine?: { type?: string }
  firmware?: {
    uuid?: string
    serial?: string
    bootloader?: { bios?: Record<string, unknown>; efi?: { secureBoot?: boolean; persistent?: boolean } }
  }
  features?: { acpi?: { enabled?: boolean }; smm?: { enabled?: boolean } }
  devices: {
    disks?: Disk[]
    interfaces?: Interface[]
    rng?: Record<string, never>
    tpm?: { persistent?: boolean; enabled?: boolean }
    autoattachGraphicsDevice?: boolean
    autoattachSerialConsole?: boolean
    autoattachPodInterface?: boolean
  }
}

export interface VirtualMachineInstanceSpec {
  domain: Domain
  volumes?: Volume[]
  networks?: Network[]
  accessCredentials?: AccessCredential[]
  terminationGracePeriodSeconds?: number
  evictionStrategy?: string
  hostname?: string
  subdomain?: string
  nodeSelector?: Record<string, string>
  startStrategy?: 'Paused'
  architecture?: string
}

export type VmiPhase =
  | ''
  | 'Pending'
  | 'Scheduling'
  | 'Scheduled'
  | 'Running'
  | 'Succeeded'
  | 'Failed'
  | 'WaitingForSync'
  | 'Unknown'

export interface VmiInterfaceStatus {
  name?: string
  mac?: string
  ipAddress?: string
  ipAddresses?: string[]
  infoSource?: string
  podInterfaceName?: string
  queueCount?: number
  linkState?: string
}

export interface VirtualMachineInstance extends KubeObject {
  spec: VirtualMachineInstanceSpec
  status?: {
    phase?: VmiPhase
    reason?: string
    nodeName?: string
    conditions?: Condition[]
    interfaces?: VmiInterfaceStatus[]
    volumeStatus?: {
      name: string
      target?: string
      size?: number
      phase?: string
      reason?: string
      message?: string
      persistentVolumeClaimInfo?: unknown
    }[]
    guestOSInfo?: Record<string, string>
    phaseTransitionTimestamps?: { phase: VmiPhase; phaseTransitionTimestamp: string }[]
    activePods?: Record<string, string>
    machine?: { type?: string }
    memory?: { guestAtBoot?: string; guestCurrent?: string; guestRequested?: string }
    currentCPUTopology?: { sockets?: number; cores?: number; threads?: number }
    qosClass?: string
    runtimeUser?: number
    virtualMachineRevisionName?: string
    launcherContainerImageVersion?: string
    migrationMethod?: string
    migrationTransport?: string
    selinuxContext?: string
    evacuationNodeName?: string
    migrationState?: Record<string, unknown>
  }
}

export const virtualMachineInstanceKind = defineKind<VirtualMachineInstance>({
  group: 'kubevirt.io',
  version: 'v1',
  servedVersions: ['v1', 'v1alpha3'],
  kind: 'VirtualMachineInstance',
  plural: 'virtualmachineinstances',
  namespaced: true,
  shortNames: ['vmi', 'vmis'],
  categories: ['all'],
  statusSubresource: false,
  columns: [
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
    { name: 'IP', type: 'string', jsonPath: '.status.interfaces[0].ipAddress' },
    { name: 'NodeName', type: 'string', jsonPath: '.status.nodeName' },
    { name: 'Ready', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].status" },
    {
      name: 'Live-Migratable',
      type: 'string',
      jsonPath: ".status.conditions[?(@.type=='LiveMigratable')].status",
      priority: 1,
    },
    { name: 'Paused', type: 'string', jsonPath: ".status.conditions[?(@.type=='Paused')].status", priority: 1 },
  ],
})
