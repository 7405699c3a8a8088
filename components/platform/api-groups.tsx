'use client'

import { useQueries, useQuery } from '@tanstack/react-query'
import { useT } from '../i18n/use-t'
import { ApiFailure, useKubeApi } from '../kube/api'
import { useCluster } from '../kube/cluster'
import { groupsQuery, resourcesQuery } from '../kube/discovery'
import { FailureView } from '../kube/failure-view'
import { DataTable } from '../ui/data-table'
import type { Column } from '../ui/table-model'
import { EmptyView } from '../ui/views'

interface OfferedKind {
  group: string
  version: string
  kind: string
  namespaced: boolean
}

/** Every kind that the cluster's API serves, in the version it prefers. */
export function ApiGroups() {
  const t = useT()
  const api = useKubeApi()
  const cluster = useCluster()
  const groups = useQuery(groupsQuery(api, cluster))
  const versions = (groups.data ?? []).flatMap(({ group, versions: [version] }) =>
    version ? [{ group, version }] : [],
  )
  const offers = useQueries({ queries: versions.map((version) => resourcesQuery(api, cluster, version)) })
  const error = [groups, ...offers].find((query) => query.error !== null)?.error
  const rows = offers.flatMap(({ data = [] }, at) =>
    data
      .filter(({ name }) => !name.includes('/'))
      .map(({ kind, namespaced }) => ({ group: '', version: '', ...versions[at], kind, namespaced })),
  )
  const columns: readonly Column<OfferedKind>[] = [
    { id: 'kind', label: t('platform.api.kind'), width: 40, value: ({ kind }) => kind },
    { id: 'group', label: t('platform.api.group'), value: ({ group }) => group || t('platform.api.core') },
    { id: 'version', label: t('platform.version'), value: ({ version }) => version },
    {
      id: 'scope',
      label: t('platform.api.scope'),
      value: ({ namespaced }) => t(namespaced ? 'platform.api.perNamespace' : 'platform.api.perCluster'),
    },
  ]
  if (error instanceof ApiFailure) return <FailureView failure={error} onRetry={() => void groups.refetch()} small />
  return (
    <DataTable<OfferedKind>
      label={t('platform.api.title')}
      columns={columns}
      rows={rows}
      rowKey={({ group, kind }) => `${group}/${kind}`}
      rowName={({ kind }) => kind}
      loading={groups.data === undefined || offers.some(({ isPending }) => isPending)}
      initialSort={{ column: 'group', direction: 'asc' }}
      empty={<EmptyView small title={t('platform.api.none')} />}
    />
  )
}
