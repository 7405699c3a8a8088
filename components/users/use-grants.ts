'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { namespaceKind } from '@/contract/kinds/core'
import { clusterRoleBindingKind, type RoleBinding, roleBindingKind } from '@/contract/kinds/rbac'
import { ApiFailure, type KubeApi, useKubeApi } from '../kube/api'
import { useCluster } from '../kube/cluster'
import { callQueryKey } from '../kube/query-keys'
import { buildGrant, type Grant, type Grantee, grantsOf, withoutGrantee } from './grants'

export interface GrantsQuery {
  grants: readonly Grant[]
  /** Namespaces to offer; undefined where the signed-in person may not list them. */
  namespaces: readonly string[] | undefined
  loaded: boolean
  /** Why part of it cannot be told, in the server's words. */
  errors: readonly ApiFailure[]
  refetch: () => void
}

interface Found {
  bindings: readonly RoleBinding[]
  namespaces: readonly string[] | undefined
  errors: readonly ApiFailure[]
}

/** What somebody was given in this cluster, as far as the signed-in person may see it. */
export function useGrants(grantees: readonly Grantee[]): GrantsQuery {
  const api = useKubeApi()
  const cluster = useCluster()
  const { data, refetch } = useQuery({
    queryKey: callQueryKey(cluster, 'grants', undefined),
    queryFn: () => readBindings(api),
  })
  return {
    grants: data ? grantsOf(data.bindings, grantees) : [],
    namespaces: data?.namespaces,
    loaded: data !== undefined,
    errors: data?.errors ?? [],
    refetch: () => void refetch(),
  }
}

/** Gives and takes roles with the signed-in person's own rights; both reject with ApiFailure. */
export function useGranting(): {
  give: (grant: { role: string; namespace?: string | undefined; to: Grantee }) => Promise<void>
  take: (grant: Grant) => Promise<void>
} {
  const api = useKubeApi()
  const cluster = useCluster()
  const client = useQueryClient()
  const then = async (work: Promise<unknown>) => {
    try {
      await work
    } finally {
      await client.invalidateQueries({ queryKey: callQueryKey(cluster, 'grants', undefined) })
    }
  }
  return {
    give: (grant) => then(api.create(kindFor(grant.namespace), buildGrant(grant))),
    take: ({ binding, to, namespace }) => {
      const left = withoutGrantee(binding, to)
      const kind = kindFor(namespace)
      // With the version that was read: somebody else may have changed it since.
      return then(left ? api.replace(kind, left) : api.remove(kind, binding.metadata))
    },
  }
}

const kindFor = (namespace: string | undefined) => (namespace === undefined ? clusterRoleBindingKind : roleBindingKind)

/** What may not be listed is left out and told; a person may well see the bindings of namespaces and not the cluster's. */
async function readBindings(api: KubeApi): Promise<Found> {
  const errors: ApiFailure[] = []
  const part = async <T>(call: Promise<{ items: T[] }>): Promise<T[] | undefined> => {
    try {
      return (await call).items
    } catch (cause) {
      if (!(cause instanceof ApiFailure)) throw cause
      errors.push(cause)
      return undefined
    }
  }
  const [inNamespaces, everywhere, namespaces] = await Promise.all([
    part(api.list(roleBindingKind)),
    part(api.list(clusterRoleBindingKind)),
    part(api.list(namespaceKind)),
  ])
  // Items of a list carry neither apiVersion nor kind, which a write needs.
  const bindings = [
    ...(inNamespaces ?? []).map((binding) => ({ ...binding, apiVersion, kind: roleBindingKind.kind })),
    ...(everywhere ?? []).map((binding) => ({ ...binding, apiVersion, kind: clusterRoleBindingKind.kind })),
  ]
  return { bindings, namespaces: namespaces?.map(({ metadata }) => metadata.name).sort(), errors }
}

const apiVersion = `${roleBindingKind.group}/${roleBindingKind.version}`
