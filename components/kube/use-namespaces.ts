'use client'

import { createContext, useContext } from 'react'

/** In which namespaces the signed-in person works in this cluster. */
export interface Namespaces {
  /** `all`: the cluster shows its namespaces. `some`: it does not, and these are the ones that are known. */
  mode: 'all' | 'some'
  /** In order. Namespaces that are being deleted are not among them. */
  names: readonly string[]
  /** Everything has been asked that can be asked. */
  settled: boolean
  /** The one to which lists are narrowed at present; undefined: all of them. */
  chosen?: string
  /** Those that the person added, and can take away again. */
  own: readonly string[]
  /** Narrows lists to one namespace, or (undefined) no longer. */
  choose: (namespace: string | undefined) => void
  /** Adds one after checking that one may do something there. */
  add: (namespace: string) => Promise<'added' | 'nothing-there'>
  remove: (namespace: string) => void
}

/** Without a provider: as somebody who sees everything. */
const everything: Namespaces = {
  mode: 'all',
  names: [],
  settled: true,
  own: [],
  choose: () => undefined,
  add: async () => 'added',
  remove: () => undefined,
}

export const NamespacesContext = createContext<Namespaces>(everything)

/** Which namespaces there are for the signed-in person; `useList` without a namespace covers them. */
export function useNamespaces(): Namespaces {
  return useContext(NamespacesContext)
}
