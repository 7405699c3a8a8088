import { useSyncExternalStore } from 'react'

export interface Store<T> {
  get(): T
  set(change: (value: T) => T): void
  subscribe(changed: () => void): () => void
}

/** A value outside React that components can follow: for plain functions such as `toast()` and `confirm()`. */
export function createStore<T>(initial: T): Store<T> {
  let value = initial
  const watchers = new Set<() => void>()
  return {
    get: () => value,
    set: (change) => {
      value = change(value)
      for (const changed of watchers) changed()
    },
    subscribe: (changed) => {
      watchers.add(changed)
      return () => watchers.delete(changed)
    },
  }
}

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get, store.get)
}
