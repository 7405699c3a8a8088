'use client'

import { useRouter } from 'next/navigation'
import { useEffect } from 'react'
import { useT } from '../i18n/use-t'
import { useSession } from '../kube/session'
import { takeReturn } from '../kube/sign-in-redirect'
import { EmptyView, LoadingView } from '../ui/views'
import { BarePage } from './bare-page'
import { paths } from './paths'
import { SessionGate } from './session-gate'

/** The bare address: back to where one was before signing in, else to the overview of the first cluster. */
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
  useEffect(() => {
    if (cluster) router.replace(takeReturn() ?? paths.overview(cluster.name))
  }, [cluster, router])
  return cluster ? <LoadingView /> : <EmptyView title={t('shell.noCluster.title')} body={t('shell.noCluster.body')} />
}
