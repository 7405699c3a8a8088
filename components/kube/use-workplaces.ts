'use client'

import { useQueries } from '@tanstack/react-query'
import { useMemo } from 'react'
import { worksWith } from '@/contract/access/workplaces'
import { virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { reviewQuery, rulesQuery } from './access-queries'
import { useKubeApi } from './api'
import { useCluster } from './cluster'

const { group, plural: resource } = virtualMachineKind

/** Which of some namespaces one can work in; a name costs a review. */
export function useWorkplaces(candidates: readonly string[]): { names: readonly string[]; settled: boolean } {
  const api = useKubeApi()
  const cluster = useCluster()
  const key = [...new Set(candidates)].sort().join(' ')
  const asked = useMemo(() => (key === '' ? [] : key.split(' ')), [key])
  const rules = useQueries({ queries: asked.map((namespace) => rulesQuery(api, cluster, namespace)) })
  const verdicts = rules.map(({ data }) => (data ? worksWith(data) : 'unknown'))
  const reviews = useQueries({
    queries: asked.map((namespace, at) => ({
      ...reviewQuery(api, cluster, { verb: 'list', group, resource, namespace }),
      // Only where the rules do not tell.
      enabled: rules[at]?.isPending === false && verdicts[at] === 'unknown',
    })),
  })
  const names = asked.filter((_, at) => verdicts[at] === 'yes' || reviews[at]?.data?.allowed === true)
  const settled = asked.every(
    (_, at) => rules[at]?.isPending === false && (verdicts[at] !== 'unknown' || reviews[at]?.isPending === false),
  )
  return { names, settled }
}
