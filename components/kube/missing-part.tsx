'use client'

import { ExternalLinkAltIcon, PluggedIcon } from '@patternfly/react-icons'
import { useT } from '../i18n/use-t'
import { EmptyView } from '../ui/views'

/** Parts that a cluster may lack: what stands in for them is their API group. */
export type PartId = 'kubeVirt' | 'cdi' | 'multus' | 'nmstate' | 'snapshots' | 'metrics'

interface Part {
  name: string
  group: string
  /** The project's own words on how to install it. */
  install: string
}

export const parts: Readonly<Record<PartId, Part>> = {
  kubeVirt: {
    name: 'KubeVirt',
    group: 'kubevirt.io',
    install: 'https://kubevirt.io/user-guide/cluster_admin/installation/',
  },
  cdi: {
    name: 'Containerized Data Importer',
    group: 'cdi.kubevirt.io',
    install: 'https://github.com/kubevirt/containerized-data-importer#deploy-it',
  },
  multus: {
    name: 'Multus',
    group: 'k8s.cni.cncf.io',
    install: 'https://github.com/k8snetworkplumbingwg/multus-cni#quickstart-installation-guide',
  },
  nmstate: {
    name: 'Kubernetes NMState',
    group: 'nmstate.io',
    install: 'https://nmstate.io/kubernetes-nmstate/deployment/',
  },
  snapshots: {
    name: 'CSI snapshots',
    group: 'snapshot.storage.k8s.io',
    install: 'https://kubernetes-csi.github.io/docs/snapshot-controller.html',
  },
  metrics: {
    name: 'metrics-server',
    group: 'metrics.k8s.io',
    install: 'https://github.com/kubernetes-sigs/metrics-server#installation',
  },
}

/** The part whose absence explains that a group is not served; undefined for groups that come otherwise. */
export function partOf(group: string | undefined): PartId | undefined {
  // Object.keys forgets that the record's keys are exactly these.
  return (Object.keys(parts) as PartId[]).find((id) => parts[id].group === group)
}

/** Says what is missing in this cluster, what it would add, and how to install it. */
export function MissingPart({ part, small = false }: { part: PartId; small?: boolean }) {
  const t = useT()
  return (
    <EmptyView
      icon={PluggedIcon}
      small={small}
      title={t('platform.missingPart', { name: parts[part].name })}
      body={t(`platform.adds.${part}`)}
      action={<InstallLink part={part} />}
    />
  )
}

/** To the project's own words on how to install a part. */
export function InstallLink({ part }: { part: PartId }) {
  const t = useT()
  return (
    <a
      href={parts[part].install}
      target="_blank"
      rel="noreferrer"
      aria-label={t('platform.installName', { name: parts[part].name })}
    >
      {t('platform.install')} <ExternalLinkAltIcon />
    </a>
  )
}
