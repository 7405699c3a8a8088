import { queryOptions } from '@tanstack/react-query'
import { type AccessRules, type ResourceQuestion, readAccessRules } from '@/contract/access/rules'
import { ApiFailure, type KubeApi } from './api'
import { accessQueryKey } from './query-keys'

/** Permissions are asked for again after five minutes, when a call was refused, and when the tab is looked at again. */
const fresh = { staleTime: 300_000, refetchInterval: 300_000, refetchOnWindowFocus: true, retry: false } as const

/**
 * All that the person may do in a namespace (SelfSubjectRulesReview). Null: this API does not tell, so that each question
 * has to be asked by itself.
 */
export function rulesQuery(api: KubeApi, cluster: string, namespace: string) {
  return queryOptions({
    queryKey: [...accessQueryKey(cluster), 'rules', namespace],
    ...fresh,
    queryFn: async (): Promise<AccessRules | null> => {
      const answer = await ask(api, { kind: 'SelfSubjectRulesReview', spec: { namespace } })
      return answer === undefined ? null : readAccessRules(answer)
    },
  })
}

export interface Reviewed {
  /** Undefined: the API does not answer such questions. */
  allowed?: boolean
  /** The server's own words, when it gave some. */
  reason?: string
}

/** One question by itself (SelfSubjectAccessReview): the only way to ask about the whole cluster. */
export function reviewQuery(api: KubeApi, cluster: string, question: ResourceQuestion) {
  return queryOptions({
    queryKey: [...accessQueryKey(cluster), 'review', question],
    ...fresh,
    queryFn: async (): Promise<Reviewed> => {
      const answer = await ask(api, { kind: 'SelfSubjectAccessReview', spec: { resourceAttributes: question } })
      if (answer === undefined) return {}
      const reason = answer['reason']
      return { allowed: answer['allowed'] === true, ...(typeof reason === 'string' && reason !== '' ? { reason } : {}) }
    },
  })
}

export interface WhoAmI {
  user: string
  groups: readonly string[]
}

/** Who the cluster's API takes the person for (SelfSubjectReview); null where it does not tell. */
export function whoAmIQuery(api: KubeApi, cluster: string) {
  return queryOptions({
    queryKey: [...accessQueryKey(cluster), 'who'],
    ...fresh,
    queryFn: async (): Promise<WhoAmI | null> => {
      const status = await ask(api, { group: 'authentication.k8s.io', kind: 'SelfSubjectReview', spec: {} })
      // As the API reference has it; a server without it answered with nothing.
      const info = status?.['userInfo'] as { username?: string; groups?: string[] } | undefined
      return info?.username ? { user: info.username, groups: info.groups ?? [] } : null
    },
  })
}

interface Review {
  group?: string
  kind: string
  spec: object
}

/** The status that the API fills in; undefined when it does not answer such questions. */
async function ask(api: KubeApi, review: Review): Promise<Record<string, unknown> | undefined> {
  const { group = 'authorization.k8s.io', kind, spec } = review
  const body = { apiVersion: `${group}/v1`, kind, spec }
  try {
    // The answer to a review is the review with its status filled in.
    const answer = (await api.call('POST', `/apis/${group}/v1/${kind.toLowerCase()}s`, body)) as {
      status?: Record<string, unknown>
    }
    return answer.status ?? {}
  } catch (failure) {
    // An API without reviews, or one that grants none, leaves the answer open: the call itself will tell.
    if (failure instanceof ApiFailure && [403, 404, 405].includes(failure.code)) return undefined
    throw failure
  }
}
