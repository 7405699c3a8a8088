import { createStore, useStore } from '../ui/store'

/** To which namespace lists are narrowed, by cluster; kept in this browser. */
const chosen = createStore<ReadonlyMap<string, string | undefined>>(new Map())

const keyOf = (cluster: string) => `chiave-chosen-namespace ${cluster}`

export function chooseNamespace(cluster: string, namespace: string | undefined): void {
  if (namespace === undefined) localStorage.removeItem(keyOf(cluster))
  else localStorage.setItem(keyOf(cluster), namespace)
  chosen.set((before) => new Map([...before, [cluster, namespace]]))
}

export function useChosenNamespace(cluster: string): string | undefined {
  const all = useStore(chosen)
  return all.has(cluster) ? all.get(cluster) : (localStorage.getItem(keyOf(cluster)) ?? undefined)
}
