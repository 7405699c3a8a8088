'use client'

import type { ReactNode } from 'react'
import { useSession } from '../kube/session'
import { ConsoleShell } from './console-shell'
import { SessionGate } from './session-gate'
import styles from './shell.module.css'

/** Around pages that are about people and no cluster: the navigation leads to the first cluster there is. */
export function PersonShell({ children }: { children: ReactNode }) {
  return (
    <SessionGate>
      <Frame>{children}</Frame>
    </SessionGate>
  )
}

function Frame({ children }: { children: ReactNode }) {
  const [cluster] = useSession().clusters
  if (cluster) return <ConsoleShell cluster={cluster.name}>{children}</ConsoleShell>
  return <main className={styles['alone']}>{children}</main>
}
