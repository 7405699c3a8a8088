'use client'

import { ToolbarItem } from '@patternfly/react-core'
import { HistoryIcon } from '@patternfly/react-icons'
import { useMemo } from 'react'
import { eventKind, type KubeEvent } from '@/contract/kinds/core'
import { type Translate, useT } from '../i18n/use-t'
import { FailureView } from '../kube/failure-view'
import { PartlyListed } from '../kube/partly-listed'
import { useList } from '../kube/use-list'
import { useAddressQuery, useTableAddress } from '../shell/use-address-query'
import { DataTable } from '../ui/data-table'
import { FilterSelect } from '../ui/filter-select'
import { StatusLabel } from '../ui/status-label'
import type { Column } from '../ui/table-model'
import { TimeAgo } from '../ui/time-ago'
import { EmptyView } from '../ui/views'
import { eventSourceOf, eventTimeOf } from './event'
import { EventObject } from './event-object'

/** What happened on the cluster, as the events of all namespaces tell it, live. */
export function EventsView() {
  const t = useT()
  const events = useList(eventKind)
  const query = useTableAddress()
  const address = useAddressQuery()
  const type = address.get('type')
  const columns = useMemo(() => eventColumns(t), [t])
  const rows = useMemo(
    () => (type === '' ? events.items : events.items.filter((event) => (event.type ?? 'Normal') === type)),
    [events.items, type],
  )
  return (
    <>
      <PartlyListed of={[events]} />
      {events.error && !events.loaded ? (
        <FailureView failure={events.error} />
      ) : (
        <DataTable<KubeEvent>
          label={t('shell.page.activity')}
          columns={columns}
          rows={rows}
          rowKey={({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`}
          rowName={({ metadata }) => metadata.name}
          loading={!events.loaded}
          initialSort={{ column: 'time', direction: 'desc' }}
          query={query}
          filters={{
            active: type !== '',
            clear: () => address.set({ type: '' }),
            content: (
              <ToolbarItem>
                <FilterSelect
                  label={t('activity.column.type')}
                  allLabel={t('activity.allTypes')}
                  value={type}
                  onChange={(value) => address.set({ type: value, page: '' })}
                  choices={[
                    { value: 'Normal', label: t('activity.type.Normal') },
                    { value: 'Warning', label: t('activity.type.Warning') },
                  ]}
                />
              </ToolbarItem>
            ),
          }}
          empty={<EmptyView icon={HistoryIcon} title={t('activity.empty.title')} body={t('activity.empty.body')} />}
        />
      )}
    </>
  )
}

function eventColumns(t: Translate): readonly Column<KubeEvent>[] {
  return [
    {
      id: 'time',
      label: t('activity.column.time'),
      width: 15,
      searchable: false,
      value: (event) => Date.parse(eventTimeOf(event) ?? '') || undefined,
      cell: (event) => <TimeAgo at={eventTimeOf(event)} />,
    },
    {
      id: 'type',
      label: t('activity.column.type'),
      value: (event) => event.type ?? 'Normal',
      cell: (event) => <EventType event={event} />,
    },
    {
      id: 'object',
      label: t('activity.column.object'),
      value: ({ involvedObject: { kind, name } }) => `${kind ?? ''} ${name ?? ''}`,
      cell: (event) => <EventObject event={event} />,
    },
    { id: 'namespace', label: t('activity.column.namespace'), shown: 'wide', value: (e) => e.involvedObject.namespace },
    { id: 'reason', label: t('activity.column.reason'), value: ({ reason }) => reason },
    { id: 'message', label: t('activity.column.message'), width: 35, long: true, value: ({ message }) => message },
    {
      id: 'count',
      label: t('activity.column.count'),
      shown: 'widest',
      searchable: false,
      value: ({ count }) => count ?? 1,
    },
    { id: 'source', label: t('activity.column.source'), shown: 'widest', value: eventSourceOf },
  ]
}

/** Only what is out of the ordinary stands out. */
function EventType({ event }: { event: KubeEvent }) {
  const t = useT()
  if (event.type !== 'Warning') return t('activity.type.Normal')
  return <StatusLabel tone="warning">{t('activity.type.Warning')}</StatusLabel>
}
