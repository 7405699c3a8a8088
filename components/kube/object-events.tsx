'use client'

import { CalendarAltIcon } from '@patternfly/react-icons'
import { useMemo, useState } from 'react'
import { eventKind, type KubeEvent } from '@/contract/kinds/core'
import { useT } from '../i18n/use-t'
import { DataTable } from '../ui/data-table'
import { FilterSelect } from '../ui/filter-select'
import { StatusLabel } from '../ui/status-label'
import type { Column } from '../ui/table-model'
import { TimeAgo } from '../ui/time-ago'
import { EmptyView } from '../ui/views'
import { FailureView } from './failure-view'
import { useList } from './use-list'

export interface ObjectEventsProps {
  namespace: string
  /** Whether an event is about the thing shown. */
  about: (involved: KubeEvent['involvedObject']) => boolean
}

/** What happened lately to some objects, newest first and live. */
export function ObjectEvents({ namespace, about }: ObjectEventsProps) {
  const t = useT()
  const [type, setType] = useState('')
  const { items, loaded, error } = useList(eventKind, { namespace })
  const concerned = useMemo(() => items.filter((event) => about(event.involvedObject)), [items, about])
  const rows = useMemo(() => concerned.filter((event) => type === '' || event.type === type), [concerned, type])
  const columns = useMemo<readonly Column<KubeEvent>[]>(
    () => [
      {
        id: 'when',
        label: t('objects.events.when'),
        value: (event) => lastSeen(event) ?? '',
        cell: (event) => <TimeAgo at={lastSeen(event)} />,
      },
      {
        id: 'type',
        label: t('objects.events.type'),
        value: (event) => event.type ?? 'Normal',
        cell: (event) => (
          <StatusLabel tone={event.type === 'Warning' ? 'warning' : 'good'}>
            {t(event.type === 'Warning' ? 'objects.events.Warning' : 'objects.events.Normal')}
          </StatusLabel>
        ),
      },
      { id: 'reason', label: t('objects.events.reason'), value: (event) => event.reason ?? '' },
      {
        id: 'about',
        label: t('objects.events.about'),
        value: ({ involvedObject: { kind, name } }) => `${kind ?? ''} ${name ?? ''}`.trim(),
      },
      { id: 'message', label: t('objects.events.message'), value: (event) => event.message ?? '', width: 40 },
      { id: 'count', label: t('objects.events.count'), value: (event) => event.count ?? 1 },
    ],
    [t],
  )
  if (error && !loaded) return <FailureView failure={error} />
  return (
    <DataTable<KubeEvent>
      label={t('objects.events.table')}
      columns={columns}
      rows={rows}
      rowKey={(event) => event.metadata.uid ?? event.metadata.name}
      rowName={(event) => event.reason ?? event.metadata.name}
      loading={!loaded}
      initialSort={{ column: 'when', direction: 'desc' }}
      filters={{
        active: type !== '',
        clear: () => setType(''),
        content: (
          <FilterSelect
            label={t('objects.events.type')}
            allLabel={t('objects.events.allTypes')}
            value={type}
            onChange={setType}
            choices={(['Normal', 'Warning'] as const).map((value) => ({
              value,
              label: t(`objects.events.${value}`),
              count: concerned.filter((event) => (event.type ?? 'Normal') === value).length,
            }))}
          />
        ),
      }}
      empty={<EmptyView icon={CalendarAltIcon} title={t('objects.events.none')} body={t('objects.events.noneBody')} />}
    />
  )
}

/** When an event happened last, RFC 3339; the field depends on who wrote it. */
export function lastSeen(event: KubeEvent): string | undefined {
  return event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp ?? event.metadata.creationTimestamp
}
