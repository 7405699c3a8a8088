'use client'

import { Button, Drawer, DrawerContent, DrawerContentBody } from '@patternfly/react-core'
import { HistoryIcon } from '@patternfly/react-icons'
import { useMemo, useState } from 'react'
import type { AuditEntry } from '@/contract/audit'
import { type Translate, useT } from '../i18n/use-t'
import { FailureView } from '../kube/failure-view'
import { DataTable } from '../ui/data-table'
import { StatusLabel } from '../ui/status-label'
import type { Column } from '../ui/table-model'
import { TimeAgo } from '../ui/time-ago'
import { EmptyView } from '../ui/views'
import { AuditDetails } from './audit-details'
import { AuditObjectLink } from './audit-object-link'
import { actionWords, outcomeTones } from './audit-words'
import type { AuditEntries } from './use-audit'

export interface AuditTableProps {
  audit: AuditEntries
  /** Without the column that would say the same in every row. */
  withoutObject?: boolean
  /** A filter is set: no entries does not mean that nothing was done. */
  filtered?: boolean
}

/** The server answers with the rows that are wanted, in their order: the table shows them all. */
const everything = { value: { text: '', page: 1, pageSize: 100_000 }, change: () => undefined }

/** Entries of the console's record; one opened beside them tells the rest. */
export function AuditTable({ audit, withoutObject = false, filtered = false }: AuditTableProps) {
  const t = useT()
  const [openId, setOpenId] = useState<string>()
  const open = audit.entries.find(({ id }) => id === openId)
  const columns = useMemo(
    () => auditColumns(t, setOpenId).filter(({ id }) => !(withoutObject && id === 'object')),
    [t, withoutObject],
  )
  if (audit.error) return <FailureView failure={audit.error} onRetry={audit.refetch} />
  return (
    <Drawer isExpanded={open !== undefined}>
      <DrawerContent
        panelContent={open ? <AuditDetails entry={open} onClose={() => setOpenId(undefined)} /> : undefined}
      >
        <DrawerContentBody>
          <DataTable<AuditEntry>
            plain
            label={t('activity.audit.table')}
            columns={columns}
            rows={audit.entries}
            rowKey={({ id }) => id}
            rowName={(entry) => actionWords(entry, t)}
            loading={!audit.loaded}
            query={everything}
            empty={<NoEntries filtered={filtered || audit.hasMore} />}
          />
          {audit.hasMore && (
            <Button
              variant="link"
              onClick={audit.loadMore}
              isLoading={audit.loadingMore}
              isDisabled={audit.loadingMore}
            >
              {t('activity.audit.more')}
            </Button>
          )}
        </DrawerContentBody>
      </DrawerContent>
    </Drawer>
  )
}

function NoEntries({ filtered }: { filtered: boolean }) {
  const t = useT()
  const words = filtered ? 'noMatch' : 'empty'
  return (
    <EmptyView icon={HistoryIcon} title={t(`activity.audit.${words}.title`)} body={t(`activity.audit.${words}.body`)} />
  )
}

function auditColumns(t: Translate, onOpen: (id: string) => void): readonly Column<AuditEntry>[] {
  return [
    { id: 'time', label: t('activity.audit.column.time'), width: 15, cell: ({ time }) => <TimeAgo at={time} /> },
    { id: 'person', label: t('activity.audit.column.person'), cell: ({ person }) => person },
    {
      id: 'action',
      label: t('activity.audit.column.action'),
      cell: (entry) => (
        <Button variant="link" isInline onClick={() => onOpen(entry.id)}>
          {actionWords(entry, t)}
        </Button>
      ),
    },
    { id: 'object', label: t('activity.audit.column.object'), cell: (entry) => <AuditObjectLink entry={entry} /> },
    {
      id: 'namespace',
      label: t('activity.audit.column.namespace'),
      shown: 'wide',
      cell: ({ object }) => object?.namespace ?? '–',
    },
    {
      id: 'outcome',
      label: t('activity.audit.column.outcome'),
      cell: ({ outcome }) => (
        <StatusLabel tone={outcomeTones[outcome]}>{t(`activity.audit.outcome.${outcome}`)}</StatusLabel>
      ),
    },
    {
      id: 'message',
      label: t('activity.audit.column.message'),
      shown: 'wide',
      width: 30,
      long: true,
      cell: ({ message, changes }) =>
        message ?? (changes ? t('activity.audit.changed', { count: changes.length }) : '–'),
    },
  ]
}
