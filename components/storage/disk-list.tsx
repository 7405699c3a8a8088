'use client'

import { Flex, FlexItem, PageSection, Title } from '@patternfly/react-core'
import { StorageDomainIcon } from '@patternfly/react-icons'
import Link from 'next/link'
import { useMemo } from 'react'
import { persistentVolumeClaimKind, type StorageClass, storageClassKind } from '@/contract/kinds/core'
import { dataVolumeKind } from '@/contract/kinds/data-volume'
import { virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { formatBytes } from '../i18n/format'
import { type Translate, useLanguage, useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { FailureView } from '../kube/failure-view'
import { PartlyListed } from '../kube/partly-listed'
import { useList } from '../kube/use-list'
import { useOffers } from '../kube/use-offers'
import { paths } from '../shell/paths'
import { useTableAddress } from '../shell/use-address-query'
import { DataTable } from '../ui/data-table'
import { PageHeader } from '../ui/page-header'
import { StatusLabel, type Tone } from '../ui/status-label'
import type { Column } from '../ui/table-model'
import { TimeAgo } from '../ui/time-ago'
import { EmptyView } from '../ui/views'
import { type Disk, type DiskState, diskOriginOf, diskReasonOf, diskSizeOf, diskStateOf, joinDisks } from './disk'
import { ImportProgress } from './import-progress'

const tones: Record<DiskState, Tone> = {
  ready: 'good',
  filling: 'busy',
  waiting: 'waiting',
  failed: 'bad',
  lost: 'bad',
  paused: 'paused',
  deleting: 'busy',
  unknown: 'unknown',
}

/** Every disk, what fills it and who uses it; and the kinds of storage there are. */
export function StoragePage() {
  const t = useT()
  const language = useLanguage()
  const cluster = useCluster()
  const hasImports = useOffers(dataVolumeKind)
  const claims = useList(persistentVolumeClaimKind)
  const dataVolumes = useList(dataVolumeKind, { enabled: hasImports !== false })
  const vms = useList(virtualMachineKind)
  const query = useTableAddress()
  const disks = useMemo(
    () => joinDisks(claims.items, dataVolumes.items, vms.items),
    [claims.items, dataVolumes.items, vms.items],
  )
  const columns = useMemo(() => diskColumns({ t, language, cluster }), [t, language, cluster])
  // Without the DataVolumes a disk that is still being filled would pass for ready.
  const settled = claims.loaded && (hasImports === false || dataVolumes.loaded || dataVolumes.error !== undefined)
  const failure = claims.loaded ? undefined : claims.error
  return (
    <>
      <PageHeader title={t('shell.page.storage')} description={t('storage.description')} />
      <PageSection hasBodyWrapper={false}>
        <PartlyListed of={[claims, dataVolumes, vms]} />
        {failure ? (
          <FailureView failure={failure} />
        ) : (
          <DataTable<Disk>
            label={t('storage.disks')}
            columns={columns}
            rows={settled ? disks : []}
            rowKey={({ namespace, name }) => `${namespace}/${name}`}
            rowName={({ name }) => name}
            loading={!settled}
            initialSort={{ column: 'name', direction: 'asc' }}
            query={query}
            empty={
              <EmptyView icon={StorageDomainIcon} title={t('storage.empty.title')} body={t('storage.empty.body')} />
            }
          />
        )}
      </PageSection>
      <StorageClasses />
    </>
  )
}

function diskColumns({
  t,
  language,
  cluster,
}: {
  t: Translate
  language: string
  cluster: string
}): readonly Column<Disk>[] {
  return [
    { id: 'name', label: t('storage.column.name'), width: 20, value: ({ name }) => name },
    { id: 'namespace', label: t('storage.column.namespace'), shown: 'wide', value: ({ namespace }) => namespace },
    {
      id: 'status',
      label: t('storage.column.status'),
      width: 20,
      value: (disk) => t(`storage.state.${diskStateOf(disk)}`),
      cell: (disk) => <DiskStatus disk={disk} />,
    },
    {
      id: 'size',
      label: t('storage.column.size'),
      searchable: false,
      value: diskSizeOf,
      cell: (disk) => formatBytes(diskSizeOf(disk), language),
    },
    {
      id: 'machines',
      label: t('storage.column.machines'),
      value: ({ machines }) => machines.join(' ') || undefined,
      cell: ({ namespace, machines }) =>
        machines.length === 0
          ? '–'
          : machines.map((name) => (
              <Link key={name} href={paths.virtualMachine({ cluster, namespace, name })}>
                {name}{' '}
              </Link>
            )),
    },
    {
      id: 'class',
      label: t('storage.column.class'),
      shown: 'wide',
      value: ({ claim, dataVolume }) => claim?.spec.storageClassName ?? dataVolume?.spec.storage?.storageClassName,
    },
    {
      id: 'origin',
      label: t('storage.column.origin'),
      shown: 'widest',
      long: true,
      value: (disk) => {
        const origin = diskOriginOf(disk)
        return origin && [t(`storage.origin.${origin.kind}`), origin.from].filter(Boolean).join(': ')
      },
    },
    {
      id: 'created',
      label: t('storage.column.created'),
      shown: 'wide',
      searchable: false,
      value: ({ claim, dataVolume }) => (dataVolume ?? claim)?.metadata.creationTimestamp,
      cell: ({ claim, dataVolume }) => <TimeAgo at={(dataVolume ?? claim)?.metadata.creationTimestamp} />,
    },
  ]
}

function DiskStatus({ disk }: { disk: Disk }) {
  const t = useT()
  const state = diskStateOf(disk)
  const reason = diskReasonOf(disk)
  return (
    <Flex direction={{ default: 'column' }} gap={{ default: 'gapXs' }}>
      <FlexItem>
        <StatusLabel tone={tones[state]} title={reason}>
          {t(`storage.state.${state}`)}
        </StatusLabel>
      </FlexItem>
      {state === 'filling' && disk.dataVolume && <ImportProgress dataVolume={disk.dataVolume} />}
      {state === 'failed' && reason && <FlexItem>{reason}</FlexItem>}
    </Flex>
  )
}

const defaultAnnotations = [
  'storageclass.kubevirt.io/is-default-virt-class',
  'storageclass.kubernetes.io/is-default-class',
]

function StorageClasses() {
  const t = useT()
  const classes = useList(storageClassKind)
  const columns: readonly Column<StorageClass>[] = [
    { id: 'name', label: t('storage.column.name'), width: 20, value: ({ metadata }) => metadata.name },
    {
      id: 'default',
      label: t('storage.class.default'),
      value: ({ metadata }) =>
        defaultAnnotations.some((name) => metadata.annotations?.[name] === 'true') ? t('storage.yes') : t('storage.no'),
    },
    { id: 'provisioner', label: t('storage.class.provisioner'), value: ({ provisioner }) => provisioner },
    {
      id: 'binding',
      label: t('storage.class.binding'),
      shown: 'wide',
      value: ({ volumeBindingMode }) =>
        t(volumeBindingMode === 'WaitForFirstConsumer' ? 'storage.class.onUse' : 'storage.class.atOnce'),
    },
    {
      id: 'grow',
      label: t('storage.class.grow'),
      shown: 'wide',
      value: ({ allowVolumeExpansion }) => t(allowVolumeExpansion ? 'storage.yes' : 'storage.no'),
    },
  ]
  return (
    <PageSection hasBodyWrapper={false} isFilled>
      <Title headingLevel="h2" size="lg">
        {t('storage.class.title')}
      </Title>
      {classes.error && !classes.loaded ? (
        <FailureView failure={classes.error} small />
      ) : (
        <DataTable<StorageClass>
          label={t('storage.class.title')}
          columns={columns}
          rows={classes.items}
          rowKey={({ metadata }) => metadata.name}
          rowName={({ metadata }) => metadata.name}
          loading={!classes.loaded}
          initialSort={{ column: 'name', direction: 'asc' }}
          plain
          empty={<EmptyView small title={t('storage.class.none')} body={t('storage.class.noneBody')} />}
        />
      )}
    </PageSection>
  )
}
