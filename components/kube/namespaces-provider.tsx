'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useCallback, useMemo } from 'react'
import { namespaceOfUser, namespacesMentioned, worksWith } from '@/contract/access/workplaces'
import { type Namespace, namespaceKind } from '@/contract/kinds/core'
import { virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { useConnection } from '../connection/use-connections'
import { reviewQuery, rulesQuery, whoAmIQuery } from './access-queries'
import { type KubeApi, useKubeApi } from './api'
import { chooseNamespace, useChosenNamespace } from './chosen-namespace'
import { useCluster } from './cluster'
import { useRefusedLists } from './refused-everywhere'
import { useLive } from './use-live'
import { type Namespaces, NamespacesContext } from './use-namespaces'
import { useProfile, useProfileChange } from './use-profile'
import { useRegrantedLists } from './use-regranted-lists'
import { useWorkplaces } from './use-workplaces'

/** Finds out which namespaces there are for the signed-in person, and hands it to everything below. */
export function NamespacesProvider({ children }: { children: ReactNode }) {
  const cluster = useCluster()
  const listed = useListedNamespaces(cluster)
  const refusedLists = useRefusedLists().filter((list) => list.cluster === cluster)
  useRegrantedLists(refusedLists)
  // Who sees everything everywhere needs no list of their own.
  const limited = listed.refused || refusedLists.length > 0
  const own = useOwnNamespaces(cluster, limited)
  const found = useFoundNamespaces({ cluster, own: own.names, enabled: listed.refused && own.settled })
  const chosen = useChosenNamespace(cluster)
  const add = useAdd({ cluster, keep: own.keep })
  const names = listed.refused ? found.names : listed.names
  const settled = listed.refused ? own.settled && found.settled : listed.loaded
  const value = useMemo<Namespaces>(() => {
    // One that is gone, or that was chosen by somebody else in this browser, would leave every list empty.
    const valid = chosen !== undefined && (!settled || names.includes(chosen))
    return {
      mode: listed.refused ? 'some' : 'all',
      names,
      settled,
      own: own.names,
      ...(valid ? { chosen } : {}),
      choose: (namespace) => chooseNamespace(cluster, namespace),
      add,
      remove: (namespace) => {
        if (namespace === chosen) chooseNamespace(cluster, undefined)
        own.drop(namespace)
      },
    }
  }, [cluster, listed.refused, names, settled, own, chosen, add])
  return <NamespacesContext value={value}>{children}</NamespacesContext>
}

/** The cluster's own list, for who may see it. */
function useListedNamespaces(cluster: string) {
  const { group, version, plural } = namespaceKind
  const { items, loaded, error } = useLive({ cluster, group, version, plural }, true)
  const names = useMemo(
    () =>
      // The server answers a subscription to namespaces with namespaces.
      (items as readonly Namespace[])
        .filter(({ status }) => status?.phase !== 'Terminating')
        .map(({ metadata }) => metadata.name)
        .sort(),
    [items],
  )
  return { names, loaded, refused: !loaded && error?.code === 403 }
}

/** What the person said once, kept in their profile; in this browser where there is none. */
function useOwnNamespaces(cluster: string, enabled: boolean) {
  const { profile, error } = useProfile({ enabled })
  const { change } = useProfileChange()
  const text = JSON.stringify(error ? rememberedHere(cluster) : (profile?.namespaces[cluster] ?? []))
  const settled = !enabled || profile !== undefined || error !== undefined
  const update = useCallback(
    async (edit: (names: readonly string[]) => readonly string[]) => {
      if (error) return localStorage.setItem(keyOf(cluster), JSON.stringify(edit(rememberedHere(cluster))))
      await change((before) => ({
        ...before,
        namespaces: { ...before.namespaces, [cluster]: [...edit(before.namespaces[cluster] ?? [])] },
      }))
    },
    [change, cluster, error],
  )
  return useMemo(
    () => ({
      // Written a few lines above.
      names: JSON.parse(text) as readonly string[],
      settled,
      keep: (namespace: string) => update((names) => [...new Set([...names, namespace])].sort()),
      drop: (namespace: string) => void update((names) => names.filter((name) => name !== namespace)),
    }),
    [text, settled, update],
  )
}

const keyOf = (cluster: string) => `chiave-namespaces ${cluster}`

function rememberedHere(cluster: string): readonly string[] {
  const text = localStorage.getItem(keyOf(cluster))
  if (text === null) return []
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value.filter((name: unknown) => typeof name === 'string') : []
  } catch {
    // Something else wrote there: as if nothing were remembered.
    return []
  }
}

/** One's own namespaces, and those that the cluster gives away: by the connection, by one's name, by one's rules. */
function useFoundNamespaces(options: { cluster: string; own: readonly string[]; enabled: boolean }) {
  const { cluster, own, enabled } = options
  const api = useKubeApi()
  const connection = useConnection(cluster)
  const who = useQuery({ ...whoAmIQuery(api, cluster), enabled })
  // Any namespace's review has the rules of cluster-wide bindings, which may name namespaces.
  const anywhere = useQuery({ ...rulesQuery(api, cluster, 'default'), enabled })
  const home = namespaceOfUser(who.data?.user ?? '')
  const mentioned = anywhere.data ? namespacesMentioned(anywhere.data) : []
  const candidates = ['default', connection?.namespace, home, ...mentioned].filter((name) => name !== undefined)
  const asked = enabled && !who.isPending && !anywhere.isPending
  const working = useWorkplaces(asked ? candidates : [])
  const names = [...new Set([...own, ...working.names])].sort().join(' ')
  return useMemo(
    () => ({ names: names === '' ? [] : names.split(' '), settled: asked && working.settled }),
    [names, asked, working.settled],
  )
}

/** The way to add a namespace by its name, which is the only way to know it exists. */
function useAdd({ cluster, keep }: { cluster: string; keep: (namespace: string) => Promise<void> }): Namespaces['add'] {
  const api = useKubeApi()
  const client = useQueryClient()
  return useCallback(
    async (namespace) => {
      const rules = await client.fetchQuery({ ...rulesQuery(api, cluster, namespace), staleTime: 0 })
      const verdict = rules ? worksWith(rules) : 'unknown'
      if (verdict === 'no') return 'nothing-there'
      if (verdict === 'unknown' && !(await mayListMachines({ api, cluster, namespace }, client))) return 'nothing-there'
      await keep(namespace)
      return 'added'
    },
    [api, client, cluster, keep],
  )
}

async function mayListMachines(
  { api, cluster, namespace }: { api: KubeApi; cluster: string; namespace: string },
  client: ReturnType<typeof useQueryClient>,
): Promise<boolean> {
  const { group, plural: resource } = virtualMachineKind
  const question = { verb: 'list', group, resource, namespace }
  return (await client.fetchQuery(reviewQuery(api, cluster, question))).allowed !== false
}
