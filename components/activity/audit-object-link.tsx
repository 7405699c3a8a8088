'use client'

import Link from 'next/link'
import type { AuditEntry } from '@/contract/audit'
import { useCluster } from '../kube/cluster'
import { paths } from '../shell/paths'
import { machineOf, objectWords } from './audit-words'

/** What an entry is about, as a link where there is a page for it. */
export function AuditObjectLink({ entry: { object } }: { entry: AuditEntry }) {
  const cluster = useCluster()
  const machine = machineOf(object)
  if (!object) return <>–</>
  if (!machine) return <>{objectWords(object)}</>
  return <Link href={paths.virtualMachine({ cluster, ...machine })}>{objectWords(object)}</Link>
}
