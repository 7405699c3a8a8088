'use client'

import Link from 'next/link'
import type { KubeEvent } from '@/contract/kinds/core'
import { useCluster } from '../kube/cluster'
import { paths } from '../shell/paths'
import { machineOfEvent } from './event'

/** What an event is about, as a link where there is a page for it. */
export function EventObject({ event }: { event: KubeEvent }) {
  const cluster = useCluster()
  const { kind, name } = event.involvedObject
  const machine = machineOfEvent(event)
  const words = [kind, name].filter(Boolean).join(' ') || '–'
  return machine ? <Link href={paths.virtualMachine({ cluster, ...machine })}>{words}</Link> : <>{words}</>
}
