'use client'

import { PageSection, Title } from '@patternfly/react-core'
import { NetworkWiredIcon } from '@patternfly/react-icons'
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import Link from 'next/link'
import { useMemo } from 'react'
import { virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import { type Translate, useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { FailureView } from '../kube/failure-view'
import { InstallLink, partOf } from '../kube/missing-part'
import { PartlyListed } from '../kube/partly-listed'
import { useList } from '../kube/use-list'
import { useOffers } from '../kube/use-offers'
import { paths } from '../shell/paths'
import { useTableAddress } from '../shell/use-address-query'
import { DataTable } from '../ui/data-table'
import { PageHeader } from '../ui/page-header'
import { StatusLabel } from '../ui/status-label'
import type { Column } from '../ui/table-model'
import { EmptyView } from '../ui/views'
import { type GuestInterface, interfacesOf } from './interface'
import { type NetworkOffer, networkKinds } from './network-kinds'

/** Where machines are connected, and by which means this cluster could connect them. */
export function NetworksPage() {
  const t = useT()
  const cluster = useCluster()
  const vmis = useList(virtualMachineInstanceKind)
  const query = useTableAddress()
  const rows = useMemo(() => interfacesOf(vmis.items), [vmis.items])
  const columns = useMemo(() => interfaceColumns(t, cluster), [t, cluster])
  return (
    <>
      <PageHeader title={t('shell.page.networks')} description={t('networks.description')} />
      <PageSection hasBodyWrapper={false}>
        <PartlyListed of={[vmis]} />
        {vmis.error && !vmis.loaded ? (
          <FailureView failure={vmis.error} />
        ) : (
          <DataTable<GuestInterface>
            label={t('networks.interfaces')}
            columns={columns}
            rows={rows}
            rowKey={({ namespace, machine, name }) => `${namespace}/${machine}/${name}`}
            rowName={({ machine, name }) => `${machine} ${name}`}
            loading={!vmis.loaded}
            initialSort={{ column: 'machine', direction: 'asc' }}
            query={query}
            empty={
              <EmptyView icon={NetworkWiredIcon} title={t('networks.empty.title')} body={t('networks.empty.body')} />
            }
          />
        )}
      </PageSection>
      <Offers />
    </>
  )
}

function interfaceColumns(t: Translate, cluster: string): readonly Column<GuestInterface>[] {
  return [
    {
      id: 'machine',
      label: t('networks.column.machine'),
      width: 20,
      value: ({ machine }) => machine,
      cell: ({ namespace, machine }) => (
        <Link href={paths.virtualMachine({ cluster, namespace, name: machine })}>{machine}</Link>
      ),
    },
    { id: 'namespace', label: t('networks.column.namespace'), value: ({ namespace }) => namespace },
    { id: 'name', label: t('networks.column.name'), value: ({ name }) => name },
    {
      id: 'network',
      label: t('networks.column.network'),
      value: ({ network }) => (network === 'pod' ? t('networks.pod') : network),
    },
    { id: 'address', label: t('networks.column.address'), value: ({ addresses }) => addresses.join(', ') || undefined },
    { id: 'mac', label: t('networks.column.mac'), shown: 'wide', value: ({ mac }) => mac },
    { id: 'binding', label: t('networks.column.binding'), shown: 'wide', value: ({ binding }) => binding },
  ]
}

// Object.keys forgets that the record's keys are exactly these.
const offers = Object.keys(networkKinds) as NetworkOffer[]

function Offers() {
  const t = useT()
  return (
    <PageSection hasBodyWrapper={false} isFilled>
      <Title headingLevel="h2" size="lg">
        {t('networks.offers.title')}
      </Title>
      <Table variant="compact" aria-label={t('networks.offers.title')} gridBreakPoint="grid-md">
        <Thead>
          <Tr>
            <Th width={25}>{t('networks.offers.kind')}</Th>
            <Th width={20}>{t('networks.offers.available')}</Th>
            <Th>{t('networks.offers.adds')}</Th>
          </Tr>
        </Thead>
        <Tbody>
          {offers.map((offer) => (
            <OfferRow key={offer} offer={offer} />
          ))}
        </Tbody>
      </Table>
    </PageSection>
  )
}

function OfferRow({ offer }: { offer: NetworkOffer }) {
  const t = useT()
  const kind = networkKinds[offer]
  const part = partOf(kind.group)
  const offered = useOffers(kind)
  const { items, loaded } = useList(kind, { enabled: offered === true })
  return (
    <Tr>
      <Td dataLabel={t('networks.offers.kind')}>{kind.kind}</Td>
      <Td dataLabel={t('networks.offers.available')}>
        {offered === undefined ? (
          '…'
        ) : offered ? (
          <StatusLabel tone="good">
            {loaded ? t('networks.offers.count', { count: items.length }) : t('networks.offers.yes')}
          </StatusLabel>
        ) : (
          <>
            <StatusLabel tone="off">{t('networks.offers.no')}</StatusLabel> {part && <InstallLink part={part} />}
          </>
        )}
      </Td>
      <Td dataLabel={t('networks.offers.adds')}>{t(`networks.adds.${offer}`)}</Td>
    </Tr>
  )
}
