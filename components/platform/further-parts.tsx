'use client'

import { Table, Tbody, Td, Tr } from '@patternfly/react-table'
import { useQuery } from '@tanstack/react-query'
import { useT } from '../i18n/use-t'
import { useKubeApi } from '../kube/api'
import { useCluster } from '../kube/cluster'
import { groupsQuery } from '../kube/discovery'
import { InstallLink, type PartId, parts } from '../kube/missing-part'
import { StatusLabel } from '../ui/status-label'
import { LoadingView } from '../ui/views'

const further: readonly PartId[] = ['multus', 'nmstate', 'snapshots', 'metrics']

/** Parts that add something where they are there, and are not missed where they are not. */
export function FurtherParts() {
  const t = useT()
  const api = useKubeApi()
  const cluster = useCluster()
  const { data: groups, isPending } = useQuery(groupsQuery(api, cluster))
  if (isPending) return <LoadingView lines={4} />
  return (
    <Table variant="compact" aria-label={t('platform.more')} gridBreakPoint="grid-md">
      <Tbody>
        {further.map((id) => (
          <Tr key={id}>
            <Td width={20}>{parts[id].name}</Td>
            <Td width={20}>
              {groups?.some(({ group }) => group === parts[id].group) ? (
                <StatusLabel tone="good">{t('platform.installed')}</StatusLabel>
              ) : (
                <InstallLink part={id} />
              )}
            </Td>
            <Td>{t(`platform.adds.${id}`)}</Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  )
}
