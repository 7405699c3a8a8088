'use client'

import { useMemo } from 'react'
import type { AuditQuery } from '@/contract/audit'
import { useCluster } from '../kube/cluster'
import { AuditTable } from './audit-table'
import { useAudit } from './use-audit'

export interface ObjectHistoryProps {
  /** Empty for the core group. */
  group: string
  /** Plurals: the object's own, and those of what shares its name and fate. */
  resources: readonly string[]
  namespace?: string
  name: string
}

/** What people did to one object through this console, with what they changed. */
export function ObjectHistory({ group, resources, namespace, name }: ObjectHistoryProps) {
  const cluster = useCluster()
  const joined = resources.join(',')
  const query = useMemo<AuditQuery>(
    () => ({ cluster, group, resources: joined.split(','), ...(namespace ? { namespace } : {}), name }),
    [cluster, group, joined, namespace, name],
  )
  return <AuditTable audit={useAudit(query)} withoutObject />
}
