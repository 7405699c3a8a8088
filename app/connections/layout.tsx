import type { ReactNode } from 'react'
import { PersonShell } from '@/components/shell/person-shell'

export default function ConnectionsLayout({ children }: { children: ReactNode }) {
  return <PersonShell>{children}</PersonShell>
}
