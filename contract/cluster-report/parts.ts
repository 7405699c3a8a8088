/** The parts of a cluster that the report tells of, and what each one makes possible. Texts are in the catalogues. */

/** The group of our own operator's kinds. */
export const platformGroup = 'platform.chiave.io'

export type PartId =
  | 'kubernetes'
  | 'kubeVirt'
  | 'cdi'
  | 'multus'
  | 'nmstate'
  | 'snapshots'
  | 'metrics'
  | 'metallb'
  | 'velero'
  | 'medik8s'
  | 'chiave'

export interface PartDefinition {
  id: PartId
  /** Its own name, the same in every language. */
  name: string
  /** The groups that tell that it is there. */
  groups: readonly string[]
  /** The oldest release that this console works with. */
  oldest?: string
  /** The newest one that it was tried with. */
  newest?: string
  /** Nothing is possible without it. */
  required?: boolean
}

export const parts: readonly PartDefinition[] = [
  { id: 'kubernetes', name: 'Kubernetes', groups: [''], oldest: '1.28', newest: '1.36', required: true },
  { id: 'kubeVirt', name: 'KubeVirt', groups: ['kubevirt.io'], oldest: '1.4', newest: '1.9', required: true },
  { id: 'cdi', name: 'Containerized Data Importer', groups: ['cdi.kubevirt.io'] },
  { id: 'multus', name: 'Multus', groups: ['k8s.cni.cncf.io'] },
  { id: 'nmstate', name: 'Kubernetes NMState', groups: ['nmstate.io'] },
  { id: 'snapshots', name: 'CSI snapshots', groups: ['snapshot.storage.k8s.io'] },
  { id: 'metrics', name: 'Metrics Server', groups: ['metrics.k8s.io'] },
  { id: 'metallb', name: 'MetalLB', groups: ['metallb.io'] },
  { id: 'velero', name: 'Velero', groups: ['velero.io'] },
  { id: 'medik8s', name: 'medik8s', groups: ['remediation.medik8s.io', 'nodemaintenance.medik8s.io'] },
  { id: 'chiave', name: 'Chiave operator', groups: [platformGroup] },
]

export type FeatureId =
  | 'machines'
  | 'consoles'
  | 'instanceTypes'
  | 'machineSnapshots'
  | 'machineClones'
  | 'machineExports'
  | 'machinePools'
  | 'migrationPolicies'
  | 'diskImports'
  | 'uploads'
  | 'volumeSnapshots'
  | 'extraNetworks'
  | 'hostNetworks'
  | 'loadBalancers'
  | 'usage'
  | 'backups'
  | 'hostMaintenance'
  | 'selfHealing'
  | 'platformState'

export interface FeatureDefinition {
  id: FeatureId
  part: PartId
  /** What it needs of the API, newest version first; the first one served is used. */
  api: { group: string; versions: readonly string[] }
  /** Further groups without which it does not work. */
  also?: readonly string[]
}

export const features: readonly FeatureDefinition[] = [
  { id: 'machines', part: 'kubeVirt', api: { group: 'kubevirt.io', versions: ['v1', 'v1alpha3'] } },
  { id: 'consoles', part: 'kubeVirt', api: { group: 'subresources.kubevirt.io', versions: ['v1', 'v1alpha3'] } },
  { id: 'instanceTypes', part: 'kubeVirt', api: { group: 'instancetype.kubevirt.io', versions: ['v1', 'v1beta1'] } },
  {
    id: 'machineSnapshots',
    part: 'kubeVirt',
    api: { group: 'snapshot.kubevirt.io', versions: ['v1', 'v1beta1', 'v1alpha1'] },
    also: ['snapshot.storage.k8s.io'],
  },
  {
    id: 'machineClones',
    part: 'kubeVirt',
    api: { group: 'clone.kubevirt.io', versions: ['v1', 'v1beta1', 'v1alpha1'] },
  },
  {
    id: 'machineExports',
    part: 'kubeVirt',
    api: { group: 'export.kubevirt.io', versions: ['v1', 'v1beta1', 'v1alpha1'] },
  },
  { id: 'machinePools', part: 'kubeVirt', api: { group: 'pool.kubevirt.io', versions: ['v1', 'v1beta1', 'v1alpha1'] } },
  { id: 'migrationPolicies', part: 'kubeVirt', api: { group: 'migrations.kubevirt.io', versions: ['v1', 'v1alpha1'] } },
  { id: 'diskImports', part: 'cdi', api: { group: 'cdi.kubevirt.io', versions: ['v1beta1'] } },
  { id: 'uploads', part: 'cdi', api: { group: 'upload.cdi.kubevirt.io', versions: ['v1beta1'] } },
  { id: 'volumeSnapshots', part: 'snapshots', api: { group: 'snapshot.storage.k8s.io', versions: ['v1', 'v1beta1'] } },
  { id: 'extraNetworks', part: 'multus', api: { group: 'k8s.cni.cncf.io', versions: ['v1'] } },
  { id: 'hostNetworks', part: 'nmstate', api: { group: 'nmstate.io', versions: ['v1', 'v1beta1'] } },
  { id: 'loadBalancers', part: 'metallb', api: { group: 'metallb.io', versions: ['v1beta1', 'v1beta2'] } },
  { id: 'usage', part: 'metrics', api: { group: 'metrics.k8s.io', versions: ['v1', 'v1beta1'] } },
  { id: 'backups', part: 'velero', api: { group: 'velero.io', versions: ['v1'] } },
  { id: 'hostMaintenance', part: 'medik8s', api: { group: 'nodemaintenance.medik8s.io', versions: ['v1beta1'] } },
  { id: 'selfHealing', part: 'medik8s', api: { group: 'remediation.medik8s.io', versions: ['v1alpha1'] } },
  { id: 'platformState', part: 'chiave', api: { group: platformGroup, versions: ['v1alpha1'] } },
]
