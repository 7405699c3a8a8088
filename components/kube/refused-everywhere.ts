import { createStore, type Store, useStore } from '../ui/store'

/**
 * Which lists a cluster refuses over all namespaces, so that they are put together from the namespaces a person knows.
 * Kept for the tab: asking again at every page would be refused again. `NamespacesProvider` takes back what was granted.
 */
export interface RefusedList {
  cluster: string
  group: string
  plural: string
}

export interface Refusal extends RefusedList {
  /** When it was refused, milliseconds since the epoch. */
  at: number
}

const refused: Store<ReadonlyMap<string, Refusal>> = createStore<ReadonlyMap<string, Refusal>>(new Map())

const keyOf = ({ cluster, group, plural }: RefusedList) => `${cluster} ${group}/${plural}`

export function noteRefusedEverywhere({ cluster, group, plural }: RefusedList): void {
  const list = { cluster, group, plural, at: Date.now() }
  if (!refused.get().has(keyOf(list))) refused.set((before) => new Map([...before, [keyOf(list), list]]))
}

/** It has been granted since. */
export function forgetRefusedEverywhere(list: RefusedList): void {
  if (!refused.get().has(keyOf(list))) return
  refused.set((before) => new Map([...before].filter(([key]) => key !== keyOf(list))))
}

export function useRefusedEverywhere(list: RefusedList): boolean {
  return useStore(refused).has(keyOf(list))
}

export function useRefusedLists(): readonly Refusal[] {
  return [...useStore(refused).values()]
}
