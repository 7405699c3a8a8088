import type { Condition, KubeObject } from '../kube-object'
import { defineKind } from './kind'

/** One part of the platform as the operator found it. */
export interface PlatformComponent {
  /** Stable, e.g. `kubevirt`. */
  name: string
  /** Whether the cluster serves the component's API. */
  present: boolean
  /** As the component's own operator reports it. */
  version?: string
  /** Absent where nothing tells. */
  ready?: boolean
  /** What is wrong, in the words of the component's own operator. */
  message?: string
}

/** The virtualization platform of a cluster as Chiave's operator sees it: one object, named `chiave`. */
export interface Platform extends KubeObject {
  /** Nothing can be asked for yet. */
  spec?: Record<string, unknown>
  status?: {
    observedGeneration?: number
    operatorVersion?: string
    /** RFC 3339; renewed every few minutes while an operator works. */
    lastHeartbeat?: string
    components?: PlatformComponent[]
    conditions?: Condition[]
  }
}

export const platformName = 'chiave'

/** Its definition and schema: `deploy/base/definitions.yaml`. */
export const platformKind = defineKind<Platform>({
  group: 'platform.chiave.io',
  version: 'v1alpha1',
  kind: 'Platform',
  plural: 'platforms',
  namespaced: false,
  statusSubresource: true,
  columns: [
    { name: 'Version', type: 'string', jsonPath: '.status.operatorVersion' },
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
})
