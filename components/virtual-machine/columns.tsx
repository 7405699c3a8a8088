'use client'

import Link from 'next/link'
import type { PrintableStatus } from '@/contract/kinds/virtual-machine'
import { formatBytes } from '../i18n/format'
import type { Translate } from '../i18n/use-t'
import { paths } from '../shell/paths'
import type { Column } from '../ui/table-model'
import { TimeAgo } from '../ui/time-ago'
import { addressesOf, type Machine, memoryOf, vcpusOf } from './machine'
import { MachineConditions, MachineStatus, printableStatusOf } from './status'

export interface ColumnContext {
  cluster: string
  language: string
  t: Translate
}

/** The columns of the list of machines. */
export function machineColumns({ cluster, language, t }: ColumnContext): readonly Column<Machine>[] {
  const statusName = (status: PrintableStatus) => t(`machines.status.${status}`)
  return [
    {
      id: 'name',
      label: t('machines.column.name'),
      width: 20,
      value: ({ vm }) => vm.metadata.name,
      cell: ({ vm }) => (
        <Link href={paths.virtualMachine({ cluster, namespace: vm.metadata.namespace ?? '', name: vm.metadata.name })}>
          {vm.metadata.name}
        </Link>
      ),
    },
    { id: 'namespace', label: t('machines.column.namespace'), value: ({ vm }) => vm.metadata.namespace },
    {
      id: 'status',
      label: t('machines.column.status'),
      value: (machine) => statusName(printableStatusOf(machine)),
      cell: (machine) => <MachineStatus machine={machine} />,
    },
    {
      id: 'conditions',
      label: t('machines.column.conditions'),
      shown: 'wide',
      cell: (machine) => <MachineConditions machine={machine} />,
    },
    { id: 'node', label: t('machines.column.node'), shown: 'widest', value: ({ vmi }) => vmi?.status?.nodeName },
    {
      id: 'ip',
      label: t('machines.column.ip'),
      value: (machine) => addressesOf(machine).join(' ') || undefined,
      cell: (machine) => addressesOf(machine)[0] ?? '–',
    },
    { id: 'cpu', label: t('machines.column.cpu'), shown: 'wide', searchable: false, value: vcpusOf },
    {
      id: 'memory',
      label: t('machines.column.memory'),
      shown: 'wide',
      searchable: false,
      value: memoryOf,
      cell: (machine) => formatBytes(memoryOf(machine), language),
    },
    {
      id: 'created',
      label: t('machines.column.created'),
      shown: 'widest',
      searchable: false,
      value: ({ vm }) => vm.metadata.creationTimestamp,
      cell: ({ vm }) => <TimeAgo at={vm.metadata.creationTimestamp} />,
    },
  ]
}
