'use client'

import { useQueries } from '@tanstack/react-query'
import { useEffect } from 'react'
import { reviewQuery } from './access-queries'
import { useKubeApi } from './api'
import { forgetRefusedEverywhere, type Refusal } from './refused-everywhere'

/** A review this much younger than the refusal contradicts it; an older one was wrong. Milliseconds. */
const younger = 60_000

/** Notices when a list that was refused over all namespaces has been granted since. */
export function useRegrantedLists(refusals: readonly Refusal[]): void {
  const api = useKubeApi()
  const answers = useQueries({
    queries: refusals.map(({ cluster, group, plural }) =>
      reviewQuery(api, cluster, { verb: 'list', group, resource: plural }),
    ),
  })
  const granted = refusals.filter(({ at }, index) => {
    const answer = answers[index]
    return answer?.data?.allowed === true && answer.dataUpdatedAt > at + younger
  })
  const key = JSON.stringify(granted)
  useEffect(() => {
    // Written a line above.
    for (const refusal of JSON.parse(key) as Refusal[]) forgetRefusedEverywhere(refusal)
  }, [key])
}
