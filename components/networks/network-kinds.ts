import { defineKind } from '@/contract/kinds/kind'

/** The kinds by which clusters offer networks beside their own. The console counts them; it does not edit them yet. */
export const networkKinds = {
  attachment: defineKind({
    group: 'k8s.cni.cncf.io',
    version: 'v1',
    kind: 'NetworkAttachmentDefinition',
    plural: 'network-attachment-definitions',
    namespaced: true,
  }),
  hostPolicy: defineKind({
    group: 'nmstate.io',
    version: 'v1',
    kind: 'NodeNetworkConfigurationPolicy',
    plural: 'nodenetworkconfigurationpolicies',
    namespaced: false,
  }),
  userDefined: defineKind({
    group: 'k8s.ovn.org',
    version: 'v1',
    kind: 'UserDefinedNetwork',
    plural: 'userdefinednetworks',
    namespaced: true,
  }),
  service: defineKind({ group: '', version: 'v1', kind: 'Service', plural: 'services', namespaced: true }),
  policy: defineKind({
    group: 'networking.k8s.io',
    version: 'v1',
    kind: 'NetworkPolicy',
    plural: 'networkpolicies',
    namespaced: true,
  }),
} as const

export type NetworkOffer = keyof typeof networkKinds
