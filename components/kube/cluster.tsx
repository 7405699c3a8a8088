'use client'

import { createContext, type ReactNode, useContext } from 'react'

const ClusterContext = createContext<string | undefined>(undefined)

/** Says which cluster the pages below speak about: the `<cluster>` of `/c/<cluster>/…` and `/k8s/<cluster>/…`. */
export function ClusterProvider({ cluster, children }: { cluster: string; children: ReactNode }) {
  return <ClusterContext value={cluster}>{children}</ClusterContext>
}

/** The name of the cluster this page is about. Throws outside a ClusterProvider. */
export function useCluster(): string {
  const cluster = useContext(ClusterContext)
  if (cluster === undefined) throw new Error('useCluster needs a ClusterProvider above it')
  return cluster
}
