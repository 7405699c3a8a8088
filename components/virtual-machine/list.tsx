'use client'

import { PageSection, ToolbarItem } from '@patternfly/react-core'
import { DesktopIcon } from '@patternfly/react-icons'
import { useMemo } from 'react'
import { type PrintableStatus, virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import { useLanguage, useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { FailureView } from '../kube/failure-view'
import { PartlyListed } from '../kube/partly-listed'
import { useList } from '../kube/use-list'
import { paths } from '../shell/paths'
import { useAddressQuery, useTableAddress } from '../shell/use-address-query'
import { DataTable } from '../ui/data-table'
import { FilterSelect } from '../ui/filter-select'
import { LinkButton } from '../ui/link-button'
import { PageHeader } from '../ui/page-header'
import { EmptyView } from '../ui/views'
import { machineColumns } from './columns'
import { CreateMachineButton } from './create-machine-button'
import { joinMachines, type Machine, machineKey } from './machine'
import { MachineHosts } from './machine-hosts'
import { printableStatusOf, statusTones } from './status'
import { useMachineActions } from './use-machine-actions'

/** The page of all machines: live, filtered by what the address says, with menus for one and for many. */
export function MachineListPage() {
  const t = useT()
  const language = useLanguage()
  const cluster = useCluster()
  const vms = useList(virtualMachineKind)
  const vmis = useList(virtualMachineInstanceKind)
  const tableAddress = useTableAddress()
  const { machines, filters } = useFilteredMachines(
    useMemo(() => joinMachines(vms.items, vmis.items), [vms.items, vmis.items]),
  )
  const namespaces = useMemo(() => [...new Set(machines.map(({ vm }) => vm.metadata.namespace ?? ''))], [machines])
  const menus = useMachineActions(namespaces)
  const columns = useMemo(() => machineColumns({ cluster, language, t }), [cluster, language, t])
  return (
    <>
      <PageHeader
        title={t('machines.title')}
        description={t('machines.description')}
        actions={<CreateMachineButton />}
      />
      <PageSection hasBodyWrapper={false} isFilled>
        <PartlyListed of={[vms, vmis]} />
        {vms.error && !vms.loaded ? (
          <FailureView failure={vms.error} />
        ) : (
          <DataTable<Machine>
            label={t('machines.title')}
            columns={columns}
            rows={machines}
            rowKey={machineKey}
            rowName={({ vm }) => vm.metadata.name}
            loading={!vms.loaded}
            initialSort={{ column: 'name', direction: 'asc' }}
            query={tableAddress}
            filters={filters}
            rowActions={menus.menuOf}
            bulkActions={menus.bulkMenuOf}
            empty={
              <EmptyView
                icon={DesktopIcon}
                title={t('machines.empty.title')}
                body={t('machines.empty.body')}
                action={
                  <>
                    <CreateMachineButton />
                    <LinkButton variant="link" href={paths.catalog(cluster)}>
                      {t('machines.empty.catalog')}
                    </LinkButton>
                  </>
                }
              />
            }
          />
        )}
      </PageSection>
      <MachineHosts onRetryBulk={menus.retryBulk} />
    </>
  )
}

/** Namespace and status filters from the address, with counts of what each would leave. */
function useFilteredMachines(all: readonly Machine[]) {
  const t = useT()
  const address = useAddressQuery()
  const namespace = address.get('namespace')
  const status = address.get('status')
  const inNamespace = useMemo(
    () => (namespace === '' ? all : all.filter(({ vm }) => vm.metadata.namespace === namespace)),
    [all, namespace],
  )
  const machines = useMemo(
    () => (status === '' ? inNamespace : inNamespace.filter((machine) => printableStatusOf(machine) === status)),
    [inNamespace, status],
  )
  const namespaces = countBy(all, ({ vm }) => vm.metadata.namespace ?? '')
  const statuses = countBy(inNamespace, printableStatusOf)
  const content = (
    <>
      <ToolbarItem>
        <FilterSelect
          label={t('machines.column.namespace')}
          allLabel={t('machines.filter.allNamespaces')}
          value={namespace}
          onChange={(value) => address.set({ namespace: value, page: '' })}
          choices={[...namespaces].sort().map(([value, count]) => ({ value, label: value, count }))}
        />
      </ToolbarItem>
      <ToolbarItem>
        <FilterSelect
          label={t('machines.column.status')}
          allLabel={t('machines.filter.allStatuses')}
          value={status}
          onChange={(value) => address.set({ status: value, page: '' })}
          choices={knownStatuses
            .filter((value) => statuses.has(value) || value === status)
            .map((value) => ({ value, label: t(`machines.status.${value}`), count: statuses.get(value) ?? 0 }))}
        />
      </ToolbarItem>
    </>
  )
  return {
    machines,
    filters: {
      content,
      active: namespace !== '' || status !== '',
      clear: () => address.set({ namespace: '', status: '', page: '' }),
    },
  }
}

// Object.keys forgets that the record's keys are exactly these.
const knownStatuses = Object.keys(statusTones) as PrintableStatus[]

function countBy<K extends string>(
  machines: readonly Machine[],
  keyOf: (machine: Machine) => K,
): ReadonlyMap<K, number> {
  const counts = new Map<K, number>()
  for (const machine of machines) counts.set(keyOf(machine), (counts.get(keyOf(machine)) ?? 0) + 1)
  return counts
}
