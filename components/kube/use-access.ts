'use client'

import { queryOptions, useQuery } from '@tanstack/react-query'
import { ApiFailure, type KubeApi, useKubeApi } from './api'
import { useCluster } from './cluster'
import { callQueryKey } from './query-keys'

export interface AccessQuestion {
  verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete'
  group: string
  resource: string
  subresource?: string | undefined
  namespace?: string | undefined
  name?: string | undefined
}

export interface Access {
  /** Undefined: not known (yet), which must not disable anything: the server decides. */
  allowed?: boolean
  /** The server's own words, when it gave some. */
  reason?: string
}

interface AccessReview {
  status?: { allowed?: boolean; reason?: string }
}

/** The query behind `useAccess`, for components that ask about many things at once. An answer is good for five minutes. */
export function accessQuery(api: KubeApi, cluster: string, question: AccessQuestion) {
  return queryOptions({
    queryKey: callQueryKey(cluster, 'access', question),
    staleTime: 300_000,
    refetchOnWindowFocus: false,
    retry: false,
    queryFn: () => review(api, question),
  })
}

/** Whether the signed-in person may do something (SelfSubjectAccessReview). */
export function useAccess(question: AccessQuestion): Access {
  const api = useKubeApi()
  const cluster = useCluster()
  return useQuery(accessQuery(api, cluster, question)).data ?? {}
}

async function review(api: KubeApi, question: AccessQuestion): Promise<Access> {
  try {
    // The answer to a review is the review with its status filled in.
    const answer = (await api.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: question },
    })) as AccessReview
    const reason = answer.status?.reason
    return { allowed: answer.status?.allowed === true, ...(reason ? { reason } : {}) }
  } catch (failure) {
    // An API without reviews leaves the answer open: the call itself will tell.
    if (failure instanceof ApiFailure && (failure.code === 404 || failure.code === 405)) return {}
    throw failure
  }
}
