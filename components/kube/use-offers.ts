'use client'

import { useQuery } from '@tanstack/react-query'
import type { Kind } from '@/contract/kinds/kind'
import { useKubeApi } from './api'
import { useCluster } from './cluster'
import { groupsQuery, resourcesQuery } from './discovery'

/**
 * Whether this cluster's API serves a kind; undefined while that is not known. Asks for a group only after the cluster
 * said that it has it: asking in vain would leave an error in the browser's console.
 */
export function useOffers(kind: Pick<Kind, 'group' | 'version' | 'plural'>): boolean | undefined {
  const api = useKubeApi()
  const cluster = useCluster()
  const groups = useQuery(groupsQuery(api, cluster))
  const hasVersion = groups.data?.some(({ group, versions }) => group === kind.group && versions.includes(kind.version))
  const resources = useQuery({ ...resourcesQuery(api, cluster, kind), enabled: hasVersion === true })
  if (hasVersion === false) return false
  return resources.data?.some(({ name }) => name === kind.plural)
}
