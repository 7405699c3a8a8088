'use client'

import { UnlockAltIcon } from '@patternfly/react-icons'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { useCallback } from 'react'
import { printQuestion } from '@/contract/access/question-text'
import type { ResourceQuestion } from '@/contract/access/rules'
import { useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { paths } from '../shell/paths'

/** Leads from a permission that is missing to the text that asks for it. Nothing where none is missing. */
export function AskLink({ missing }: { missing: ResourceQuestion | undefined }) {
  const t = useT()
  const cluster = useCluster()
  if (missing === undefined) return null
  return (
    <Link href={pathTo(cluster, missing)}>
      <UnlockAltIcon /> {t('access.askForIt')}
    </Link>
  )
}

/** The same for an entry of a menu. */
export function useAskFor(): (missing: ResourceQuestion) => void {
  const router = useRouter()
  const cluster = useCluster()
  return useCallback((missing) => router.push(pathTo(cluster, missing)), [router, cluster])
}

function pathTo(cluster: string, missing: ResourceQuestion): string {
  return paths.access(cluster, { namespace: missing.namespace, need: printQuestion(missing) })
}
