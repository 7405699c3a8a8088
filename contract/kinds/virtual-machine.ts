import type { Condition, KubeObject } from '../kube-object'
import type { TemplateMeta } from './core'
import type { DataVolumeSpec } from './data-volume'
import { defineKind } from './kind'
import type { VirtualMachineInstanceSpec } from './virtual-machine-instance'

export type RunStrategy = 'Always' | 'Halted' | 'Manual' | 'RerunOnFailure' | 'Once' | 'WaitAsReceiver'

export type PrintableStatus =
  | 'Terminating'
  | 'Stopping'
  | 'Migrating'
  | 'Paused'
  | 'Running'
  | 'ErrorPvcNotFound'
  | 'DataVolumeError'
  | 'ErrorUnschedulable'
  | 'Provisioning'
  | 'WaitingForVolumeBinding'
  | 'ErrImagePull'
  | 'ImagePullBackOff'
  | 'Starting'
  | 'CrashLoopBackOff'
  | 'Stopped'
  | 'WaitingForReceiver'
  | 'Unknown'

export interface StateChangeRequest {
  action: 'Start' | 'Stop'
  data?: Record<string, string>
  uid?: string
}

export interface VirtualMachine extends KubeObject {
  spec: {
    runStrategy?: RunStrategy
    /** Deprecated twin of runStrategy: true = Always, false = Halted. */
    running?: boolean
    instancetype?: { kind?: string; name?: string; revisionName?: string }
    preference?: { kind?: string; name?: string; revisionName?: string }
    dataVolumeTemplates?: { metadata: TemplateMeta & { name: string }; spec: DataVolumeSpec }[]
    template: { metadata?: TemplateMeta; spec: VirtualMachineInstanceSpec }
  }
  status?: {
    created?: boolean
    ready?: boolean
    printableStatus?: PrintableStatus
    runStrategy?: RunStrategy
    conditions?: Condition[]
    stateChangeRequests?: StateChangeRequest[]
    startFailure?: { consecutiveFailCount?: number; lastFailedVMIUID?: string; retryAfterTimestamp?: string }
    desiredGeneration?: number
    observedGeneration?: number
    volumeSnapshotStatuses?: { name: string; enabled: boolean; reason?: string }[]
  }
}

export const virtualMachineKind = defineKind<VirtualMachine>({
  group: 'kubevirt.io',
  version: 'v1',
  servedVersions: ['v1', 'v1alpha3'],
  kind: 'VirtualMachine',
  plural: 'virtualmachines',
  namespaced: true,
  shortNames: ['vm', 'vms'],
  categories: ['all'],
  statusSubresource: true,
  columns: [
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    { name: 'Status', type: 'string', jsonPath: '.status.printableStatus' },
    { name: 'Ready', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].status" },
  ],
})
