import { queryOptions } from '@tanstack/react-query'
import type { KubeApi } from './api'
import { callQueryKey } from './query-keys'

export interface OfferedGroup {
  /** Empty for the core group. */
  group: string
  /** In the server's order of preference. */
  versions: readonly string[]
}

export interface OfferedResource {
  /** The plural; `plural/subresource` for subresources. */
  name: string
  kind: string
  namespaced: boolean
}

const minute = 60_000

/** Query for the groups that a cluster's API serves, the core group first. */
export function groupsQuery(api: KubeApi, cluster: string) {
  return queryOptions({
    queryKey: callQueryKey(cluster, 'groups', {}),
    staleTime: minute,
    queryFn: async (): Promise<readonly OfferedGroup[]> => {
      // `/apis` answers with an APIGroupList.
      const { groups = [] } = (await api.call('GET', '/apis')) as {
        groups?: { name: string; preferredVersion?: { version: string }; versions: { version: string }[] }[]
      }
      const others = groups.map(({ name, preferredVersion, versions }) => ({
        group: name,
        versions: [...new Set([preferredVersion ?? [], versions].flat().map(({ version }) => version))],
      }))
      return [{ group: '', versions: ['v1'] }, ...others]
    },
  })
}

/** Query for the resources of one version of a group, which must be among the groups offered. */
export function resourcesQuery(api: KubeApi, cluster: string, { group, version }: { group: string; version: string }) {
  return queryOptions({
    queryKey: callQueryKey(cluster, 'resources', { group, version }),
    staleTime: minute,
    queryFn: async (): Promise<readonly OfferedResource[]> => {
      // Discovery of a version answers with an APIResourceList.
      const list = (await api.call('GET', group === '' ? `/api/${version}` : `/apis/${group}/${version}`)) as {
        resources?: OfferedResource[]
      }
      return list.resources ?? []
    },
  })
}
