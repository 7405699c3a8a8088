'use client'

import { useRouter } from 'next/navigation'
import { useEffect } from 'react'
import { useConnections } from '../connection/use-connections'
import { useT } from '../i18n/use-t'
import { useSession } from '../kube/session'
import { takeReturn } from '../kube/sign-in-redirect'
import { EmptyView, LoadingView } from '../ui/views'
import { BarePage } from './bare-page'
import { paths } from './paths'
import { SessionGate } from './session-gate'

/**
 * The bare address: back to where one was before signing in, else to the first cluster; where one was never asked whether
 * to change anything in it, to the report of its connection, else to its overview.
 */
export function HomeRedirect() {
  return (
    <SessionGate>
      <BarePage>
        <Leave />
      </BarePage>
    </SessionGate>
  )
}

function Leave() {
  const t = useT()
  const router = useRouter()
  const [cluster] = useSession().clusters
  const { data, isPending } = useConnections()
  const connection = data?.connections.find(({ name }) => name === cluster?.name)
  const isNew = connection !== undefined && connection.readOnlyByDefault && !connection.decided
  useEffect(() => {
    if (!cluster || isPending) return
    router.replace(takeReturn() ?? (isNew ? paths.connection(cluster.name) : paths.overview(cluster.name)))
  }, [cluster, isPending, isNew, router])
  return cluster ? <LoadingView /> : <EmptyView title={t('shell.noCluster.title')} body={t('shell.noCluster.body')} />
}
