import type { Condition, KubeObject } from '../kube-object'
import { defineKind } from './kind'

/** Kinds by which administrators limit what others may create. */

export interface ResourceQuota extends KubeObject {
  spec?: {
    /** Quantities by resource, e.g. `count/virtualmachines.kubevirt.io`. */
    hard?: Record<string, string>
    scopes?: string[]
    scopeSelector?: { matchExpressions?: { scopeName: string; operator: string; values?: string[] }[] }
  }
  status?: { hard?: Record<string, string>; used?: Record<string, string> }
}
export const resourceQuotaKind = defineKind<ResourceQuota>({
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  namespaced: true,
  shortNames: ['quota'],
  statusSubresource: true,
})

export interface LimitRangeItem {
  type: 'Container' | 'Pod' | 'PersistentVolumeClaim'
  max?: Record<string, string>
  min?: Record<string, string>
  default?: Record<string, string>
  defaultRequest?: Record<string, string>
  maxLimitRequestRatio?: Record<string, string>
}
export interface LimitRange extends KubeObject {
  spec?: { limits: LimitRangeItem[] }
}
export const limitRangeKind = defineKind<LimitRange>({
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  plural: 'limitranges',
  namespaced: true,
  shortNames: ['limits'],
})

export interface PriorityClass extends KubeObject {
  value: number
  globalDefault?: boolean
  description?: string
  preemptionPolicy?: 'Never' | 'PreemptLowerPriority'
}
export const priorityClassKind = defineKind<PriorityClass>({
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  namespaced: false,
  shortNames: ['pc'],
})

interface NamedRule {
  apiGroups?: string[]
  apiVersions?: string[]
  operations?: string[]
  resources?: string[]
  resourceNames?: string[]
  scope?: '*' | 'Cluster' | 'Namespaced'
}

interface LabelSelector {
  matchLabels?: Record<string, string>
  matchExpressions?: { key: string; operator: string; values?: string[] }[]
}

/** Which requests a policy is about. */
export interface MatchResources {
  namespaceSelector?: LabelSelector
  objectSelector?: LabelSelector
  resourceRules?: NamedRule[]
  excludeResourceRules?: NamedRule[]
  matchPolicy?: 'Exact' | 'Equivalent'
}

export interface ValidatingAdmissionPolicy extends KubeObject {
  spec: {
    paramKind?: { apiVersion: string; kind: string }
    matchConstraints?: MatchResources
    validations?: { expression: string; message?: string; messageExpression?: string; reason?: string }[]
    failurePolicy?: 'Fail' | 'Ignore'
    auditAnnotations?: { key: string; valueExpression: string }[]
    matchConditions?: { name: string; expression: string }[]
    variables?: { name: string; expression: string }[]
  }
  status?: {
    observedGeneration?: number
    typeChecking?: { expressionWarnings?: { fieldRef: string; warning: string }[] }
    conditions?: Condition[]
  }
}
export const validatingAdmissionPolicyKind = defineKind<ValidatingAdmissionPolicy>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
  namespaced: false,
  categories: ['api-extensions'],
  statusSubresource: true,
})

export interface ValidatingAdmissionPolicyBinding extends KubeObject {
  spec: {
    policyName?: string
    paramRef?: {
      name?: string
      namespace?: string
      selector?: LabelSelector
      parameterNotFoundAction?: 'Allow' | 'Deny'
    }
    matchResources?: MatchResources
    validationActions?: ('Deny' | 'Warn' | 'Audit')[]
  }
}
export const validatingAdmissionPolicyBindingKind = defineKind<ValidatingAdmissionPolicyBinding>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
  namespaced: false,
  categories: ['api-extensions'],
})
