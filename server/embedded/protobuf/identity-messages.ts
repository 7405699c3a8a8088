import type { Message } from './messages'

const metadata = ['metadata', 'ObjectMeta'] as const

/** Roles, bindings, tokens and requests for certificates (numbers as in the Kubernetes API). */
export const identityMessages: Readonly<Record<string, Message>> = {
  PolicyRule: {
    1: ['verbs', '[string]'],
    2: ['apiGroups', '[string]'],
    3: ['resources', '[string]'],
    4: ['resourceNames', '[string]'],
    5: ['nonResourceURLs', '[string]'],
  },
  Role: { 1: metadata, 2: ['rules', '[PolicyRule]'] },
  ClusterRole: { 1: metadata, 2: ['rules', '[PolicyRule]'], 3: ['aggregationRule', 'AggregationRule'] },
  AggregationRule: { 1: ['clusterRoleSelectors', '[LabelSelector]'] },
  RoleBinding: { 1: metadata, 2: ['subjects', '[Subject]'], 3: ['roleRef', 'RoleRef'] },
  ClusterRoleBinding: { 1: metadata, 2: ['subjects', '[Subject]'], 3: ['roleRef', 'RoleRef'] },
  Subject: { 1: ['kind', 'string'], 2: ['apiGroup', 'string'], 3: ['name', 'string'], 4: ['namespace', 'string'] },
  RoleRef: { 1: ['apiGroup', 'string'], 2: ['kind', 'string'], 3: ['name', 'string'] },
  CertificateSigningRequest: {
    1: metadata,
    2: ['spec', 'CertificateSigningRequestSpec'],
    3: ['status', 'CertificateSigningRequestStatus'],
  },
  CertificateSigningRequestSpec: {
    1: ['request', 'bytes'],
    2: ['username', 'string'],
    3: ['uid', 'string'],
    4: ['groups', '[string]'],
    5: ['usages', '[string]'],
    7: ['signerName', 'string'],
    8: ['expirationSeconds', 'int'],
  },
  CertificateSigningRequestStatus: {
    1: ['conditions', '[CertificateSigningRequestCondition]'],
    2: ['certificate', 'bytes'],
  },
  CertificateSigningRequestCondition: {
    1: ['type', 'string'],
    2: ['reason', 'string'],
    3: ['message', 'string'],
    4: ['lastUpdateTime', 'time'],
    5: ['lastTransitionTime', 'time'],
    6: ['status', 'string'],
  },
  TokenReview: { 1: metadata, 2: ['spec', 'TokenReviewSpec'] },
  TokenReviewSpec: { 1: ['token', 'string'], 2: ['audiences', '[string]'] },
  TokenRequest: { 1: metadata, 2: ['spec', 'TokenRequestSpec'] },
  TokenRequestSpec: {
    1: ['audiences', '[string]'],
    3: ['boundObjectRef', 'BoundObjectReference'],
    4: ['expirationSeconds', 'int'],
  },
  BoundObjectReference: {
    1: ['kind', 'string'],
    2: ['apiVersion', 'string'],
    3: ['name', 'string'],
    4: ['uid', 'string'],
  },
}
