'use client'

import { Button, PageSection } from '@patternfly/react-core'
import { NetworkWiredIcon } from '@patternfly/react-icons'
import Link from 'next/link'
import { useState } from 'react'
import type { ConnectionInfo } from '@/contract/connections'
import { useT } from '../i18n/use-t'
import { ApiFailure } from '../kube/api'
import { failureSentence } from '../kube/errors'
import { FailureView } from '../kube/failure-view'
import { paths } from '../shell/paths'
import { confirm } from '../ui/confirm'
import { DataTable } from '../ui/data-table'
import { PageHeader } from '../ui/page-header'
import type { MenuAction } from '../ui/row-menu'
import { StatusLabel } from '../ui/status-label'
import type { Column } from '../ui/table-model'
import { toast } from '../ui/toast'
import { EmptyView } from '../ui/views'
import { AddConnectionDialog } from './add-connection-dialog'
import { stateKey, toneOf } from './health'
import { RenameDialog } from './rename-dialog'
import { useConnections, useRemoveConnection } from './use-connections'

/** Every cluster that this console reaches, side by side; administrators add, rename and remove connections here. */
export function ConnectionsPage() {
  const t = useT()
  const { data, error, isPending, refetch } = useConnections()
  const [adding, setAdding] = useState(false)
  const [renaming, setRenaming] = useState<ConnectionInfo>()
  const rowActions = useRowActions(data?.mayManage ?? false, setRenaming)
  return (
    <>
      <PageHeader
        title={t('connection.list.title')}
        description={t('connection.list.description')}
        actions={
          data?.mayManage && (
            <Button variant="primary" onClick={() => setAdding(true)}>
              {t('connection.list.add')}
            </Button>
          )
        }
      />
      <PageSection hasBodyWrapper={false} isFilled>
        {error instanceof ApiFailure && !data ? (
          <FailureView failure={error} onRetry={() => void refetch()} />
        ) : (
          <ConnectionTable rows={data?.connections ?? []} loading={isPending} rowActions={rowActions} />
        )}
      </PageSection>
      {adding && <AddConnectionDialog onClose={() => setAdding(false)} />}
      {renaming && <RenameDialog connection={renaming} onClose={() => setRenaming(undefined)} />}
    </>
  )
}

interface ConnectionTableProps {
  rows: readonly ConnectionInfo[]
  loading: boolean
  rowActions: (connection: ConnectionInfo) => readonly MenuAction[]
}

function ConnectionTable({ rows, loading, rowActions }: ConnectionTableProps) {
  const t = useT()
  const columns: readonly Column<ConnectionInfo>[] = [
    {
      id: 'name',
      label: t('connection.list.name'),
      width: 20,
      value: ({ displayName }) => displayName,
      cell: ({ name, displayName }) => <Link href={paths.connection(name)}>{displayName}</Link>,
    },
    {
      id: 'state',
      label: t('connection.facts.state'),
      width: 30,
      value: ({ health }) => `${t(stateKey(health))} ${health.message ?? ''}`,
      cell: ({ health }) => (
        <>
          <StatusLabel tone={toneOf(health)}>{t(stateKey(health))}</StatusLabel>
          {health.message !== undefined && <div>{health.message}</div>}
        </>
      ),
    },
    {
      id: 'latency',
      label: t('connection.facts.latency'),
      shown: 'wide',
      searchable: false,
      value: ({ health }) => health.latencyMs,
      cell: ({ health }) => (health.latencyMs === undefined ? '–' : t('connection.latency', { ms: health.latencyMs })),
    },
    { id: 'version', label: 'Kubernetes', value: ({ version }) => version ?? '–' },
    {
      id: 'server',
      label: t('connection.facts.server'),
      shown: 'wide',
      long: true,
      value: ({ server }) => server ?? t('connection.facts.own'),
    },
    {
      id: 'mode',
      label: t('connection.list.mode'),
      value: ({ readOnly }) => t(readOnly ? 'connection.readOnly.badge' : 'connection.list.changes'),
    },
  ]
  return (
    <DataTable<ConnectionInfo>
      label={t('connection.list.title')}
      columns={columns}
      rows={rows}
      rowKey={({ name }) => name}
      rowName={({ displayName }) => displayName}
      loading={loading}
      rowActions={rowActions}
      empty={<EmptyView icon={NetworkWiredIcon} title={t('shell.noCluster.title')} body={t('shell.noCluster.body')} />}
    />
  )
}

function useRowActions(mayManage: boolean, rename: (connection: ConnectionInfo) => void) {
  const t = useT()
  const { mutateAsync } = useRemoveConnection()
  const remove = async ({ name, displayName }: ConnectionInfo) => {
    const sure = await confirm({
      title: t('connection.remove.title', { cluster: displayName }),
      body: t('connection.remove.body'),
      confirmLabel: t('connection.remove.confirm'),
      danger: true,
    })
    if (!sure) return
    try {
      await mutateAsync(name)
      toast({ variant: 'success', title: t('connection.remove.done', { cluster: displayName }) })
    } catch (failure) {
      if (!(failure instanceof ApiFailure)) throw failure
      toast({ variant: 'danger', title: t('connection.remove.failed'), body: failureSentence(failure, t) })
    }
  }
  return (connection: ConnectionInfo): readonly MenuAction[] => {
    const disabled = !mayManage
      ? t('connection.list.administrators')
      : connection.removable
        ? undefined
        : t('connection.list.notAdded')
    return [
      { id: 'rename', label: t('connection.rename.action'), run: () => rename(connection), disabled },
      {
        id: 'remove',
        label: t('connection.remove.confirm'),
        run: () => void remove(connection),
        disabled,
        danger: true,
      },
    ]
  }
}
