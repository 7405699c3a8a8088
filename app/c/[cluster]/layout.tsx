import type { ReactNode } from 'react'
import { ConsoleShell } from '@/components/shell/console-shell'

export default async function ClusterLayout({
  params,
  children,
}: {
  params: Promise<{ cluster: string }>
  children: ReactNode
}) {
  const { cluster } = await params
  return <ConsoleShell cluster={decodeURIComponent(cluster)}>{children}</ConsoleShell>
}
