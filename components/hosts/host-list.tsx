'use client'

import { Flex, Label, PageSection } from '@patternfly/react-core'
import { ClusterIcon } from '@patternfly/react-icons'
import { useMemo } from 'react'
import { type Node, nodeKind } from '@/contract/kinds/core'
import { type KubeVirt, kubeVirtKind } from '@/contract/kinds/platform'
import { type VirtualMachineInstance, virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import { isAlive } from '@/contract/virtual-machine/can'
import { formatBytes, formatNumber } from '../i18n/format'
import { type Translate, useLanguage, useT } from '../i18n/use-t'
import { FailureView } from '../kube/failure-view'
import { useList } from '../kube/use-list'
import { DataTable } from '../ui/data-table'
import { PageHeader } from '../ui/page-header'
import { StatusLabel, type Tone } from '../ui/status-label'
import type { Column } from '../ui/table-model'
import { TimeAgo } from '../ui/time-ago'
import { EmptyView } from '../ui/views'
import { EmulationNotice } from './emulation-notice'
import { type Amount, capacityOf, type HostState, hostStateOf, troublesOf, virtualizationOf } from './host'

const tones: Record<HostState, Tone> = { ready: 'good', notReady: 'bad', unschedulable: 'warning' }

/** The machines under the machines: what they have, what is taken, and what is wrong with them. */
export function HostListPage() {
  const t = useT()
  const language = useLanguage()
  const nodes = useList(nodeKind)
  const vmis = useList(virtualMachineInstanceKind)
  const kubeVirts = useList(kubeVirtKind)
  const columns = useMemo(
    () => hostColumns({ t, language, vmis: vmis.items, kubeVirts: kubeVirts.items }),
    [t, language, vmis.items, kubeVirts.items],
  )
  return (
    <>
      <PageHeader title={t('shell.page.hosts')} description={t('hosts.description')} />
      <PageSection hasBodyWrapper={false} isFilled>
        <EmulationNotice />
        {nodes.error && !nodes.loaded ? (
          <FailureView failure={nodes.error} />
        ) : (
          <DataTable<Node>
            label={t('shell.page.hosts')}
            columns={columns}
            rows={nodes.items}
            rowKey={(node) => node.metadata.name}
            rowName={(node) => node.metadata.name}
            loading={!nodes.loaded}
            initialSort={{ column: 'name', direction: 'asc' }}
            empty={<EmptyView icon={ClusterIcon} title={t('hosts.empty.title')} body={t('hosts.empty.body')} />}
          />
        )}
      </PageSection>
    </>
  )
}

interface HostContext {
  t: Translate
  language: string
  vmis: readonly VirtualMachineInstance[]
  kubeVirts: readonly KubeVirt[]
}

function hostColumns({ t, language, vmis, kubeVirts }: HostContext): readonly Column<Node>[] {
  const of = (node: Node) => capacityOf([node], vmis)
  const bytes = ({ used, total }: Amount) =>
    t('hosts.amount', { used: formatBytes(used, language), total: formatBytes(total, language) })
  return [
    { id: 'name', label: t('hosts.column.name'), width: 20, value: (node) => node.metadata.name },
    {
      id: 'status',
      label: t('hosts.column.status'),
      value: (node) => t(`hosts.state.${hostStateOf(node)}`),
      cell: (node) => <HostStatus node={node} />,
    },
    {
      id: 'machines',
      label: t('hosts.column.machines'),
      searchable: false,
      value: (node) => vmis.filter((vmi) => isAlive(vmi) && vmi.status?.nodeName === node.metadata.name).length,
    },
    {
      id: 'cpu',
      label: t('hosts.column.cpu'),
      searchable: false,
      value: (node) => of(node).cpus.total,
      cell: (node) => {
        const { used, total } = of(node).cpus
        return t('hosts.amount', { used: formatNumber(used, language), total: formatNumber(total, language) })
      },
    },
    {
      id: 'memory',
      label: t('hosts.column.memory'),
      searchable: false,
      value: (node) => of(node).memory.total,
      cell: (node) => bytes(of(node).memory),
    },
    {
      id: 'storage',
      label: t('hosts.column.storage'),
      searchable: false,
      value: (node) => of(node).storage?.total,
      cell: (node) => {
        const { storage } = of(node)
        return storage ? bytes(storage) : t('hosts.unknown')
      },
    },
    {
      id: 'virtualization',
      label: t('hosts.column.virtualization'),
      value: (node) => t(`hosts.virtualization.${virtualizationOf(node, kubeVirts)}`),
    },
    {
      id: 'system',
      label: t('hosts.column.system'),
      shown: 'widest',
      value: (node) =>
        [node.status?.nodeInfo?.['osImage'], node.status?.nodeInfo?.['kernelVersion']].filter(Boolean).join(' · ') ||
        undefined,
    },
    {
      id: 'created',
      label: t('hosts.column.since'),
      shown: 'widest',
      searchable: false,
      value: (node) => node.metadata.creationTimestamp,
      cell: (node) => <TimeAgo at={node.metadata.creationTimestamp} />,
    },
  ]
}

function HostStatus({ node }: { node: Node }) {
  const t = useT()
  const state = hostStateOf(node)
  return (
    <Flex gap={{ default: 'gapXs' }}>
      <StatusLabel tone={tones[state]}>{t(`hosts.state.${state}`)}</StatusLabel>
      {troublesOf(node)
        .filter(({ type }) => type !== 'Ready')
        .map(({ type, message }) => (
          <Label key={type} isCompact color="orange" variant="outline" title={message ?? ''}>
            {type}
          </Label>
        ))}
    </Flex>
  )
}
