/** A part of a virtualization platform, and how its presence shows. */
export interface CatalogComponent {
  /** As in `Platform.status.components`. */
  name: string
  /** The definition of the kind that shows that it is there: `<plural>.<group>`. */
  definition: string
  /** Whether objects of that kind tell how the component does; otherwise it is only there or not. */
  reports: boolean
}

/**
 * The parts that Chiave makes use of. An object of the named kind, where its operator keeps its own state, is read with
 * the rights that `deploy/base/operator-access.yaml` gives.
 */
export const componentCatalog: readonly CatalogComponent[] = [
  { name: 'kubevirt', definition: 'kubevirts.kubevirt.io', reports: true },
  { name: 'cdi', definition: 'cdis.cdi.kubevirt.io', reports: true },
  {
    name: 'cluster-network-addons',
    definition: 'networkaddonsconfigs.networkaddonsoperator.network.kubevirt.io',
    reports: true,
  },
  { name: 'hyperconverged', definition: 'hyperconvergeds.hco.kubevirt.io', reports: true },
  { name: 'ssp', definition: 'ssps.ssp.kubevirt.io', reports: true },
  { name: 'nmstate', definition: 'nmstates.nmstate.io', reports: true },
  { name: 'hostpath-provisioner', definition: 'hostpathprovisioners.hostpathprovisioner.kubevirt.io', reports: true },
  { name: 'multus', definition: 'network-attachment-definitions.k8s.cni.cncf.io', reports: false },
  { name: 'volume-snapshots', definition: 'volumesnapshots.snapshot.storage.k8s.io', reports: false },
  { name: 'metallb', definition: 'ipaddresspools.metallb.io', reports: false },
  { name: 'velero', definition: 'backups.velero.io', reports: false },
  { name: 'node-health-check', definition: 'nodehealthchecks.remediation.medik8s.io', reports: false },
  { name: 'prometheus-operator', definition: 'prometheusrules.monitoring.coreos.com', reports: false },
]
