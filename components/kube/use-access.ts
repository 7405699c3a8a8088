'use client'

import { useQueries, useQuery } from '@tanstack/react-query'
import { useCallback, useMemo } from 'react'
import { resourceText } from '@/contract/access/question-text'
import { type AccessRules, decideAccess, type ResourceQuestion } from '@/contract/access/rules'
import { type Translate, useT } from '../i18n/use-t'
import { type Reviewed, reviewQuery, rulesQuery, whoAmIQuery } from './access-queries'
import { useKubeApi } from './api'
import { useCluster } from './cluster'
import { useNamespaces } from './use-namespaces'
import { type ReadOnly, useReadOnly } from './use-read-only'

export type AccessQuestion = ResourceQuestion

export interface Access {
  /** Undefined: not known (yet), which must not disable anything: the server decides. */
  allowed?: boolean
  /** Why not, for people: names the permission that is missing. */
  reason?: string
  /** The permission to ask an administrator for; absent when something else is in the way, such as a read-only switch. */
  missing?: AccessQuestion
}

/** Whether the signed-in person may do something. Without a namespace: everywhere, or with an object of no namespace. */
export function useAccess(question: AccessQuestion): Access {
  const ask = useAccessTo(
    useMemo(() => [question.namespace ?? ''], [question.namespace]),
    [question],
  )
  return ask(question)
}

/** Whether one may do something in at least one of the namespaces one works in. */
export function useAccessAnywhere(question: Omit<AccessQuestion, 'namespace' | 'name'>): Access {
  const { names, mode } = useNamespaces()
  // Somebody who sees all namespaces is told by the first of them and by the question about the whole cluster.
  const asked = useMemo(() => ['', ...names.slice(0, mode === 'some' ? most : few)], [names, mode])
  const ask = useAccessTo(asked, [question])
  const answers = asked.map((namespace) => ask(namespace === '' ? question : { ...question, namespace }))
  const [everywhere = {}, ...others] = answers
  if (answers.some(({ allowed }) => allowed === true)) return { allowed: true }
  if (answers.some(({ allowed }) => allowed === undefined)) return {}
  return others[0] ?? everywhere
}

/** Asking about more namespaces than one sees at a time would be a flood of calls; the server decides about the rest. */
const most = 24
const few = 12

/**
 * Answers questions about the given namespaces (empty: the whole cluster) from one rules review each. `questions` are
 * those that are asked one by one where rules do not tell: their namespace is filled in.
 */
export function useAccessTo(
  namespaces: readonly string[],
  questions: readonly AccessQuestion[],
): (question: AccessQuestion) => Access {
  const t = useT()
  const api = useKubeApi()
  const cluster = useCluster()
  const readOnly = useReadOnly()
  const key = [...new Set(namespaces)].sort().slice(0, most).join(' ')
  const asked = useMemo(() => key.split(' '), [key])
  const named = useMemo(() => asked.filter((namespace) => namespace !== ''), [asked])
  const rules = useQueries({
    queries: named.map((namespace) => rulesQuery(api, cluster, namespace)),
    combine: useCallback(
      (results: readonly { data: AccessRules | null | undefined; isError: boolean }[]) =>
        new Map(named.map((namespace, at) => [namespace, results[at]?.isError ? null : results[at]?.data] as const)),
      [named],
    ),
  })
  // Questions are new objects at every render; what they ask is not.
  const text = JSON.stringify(questions)
  const open = useMemo(() => {
    // Written a line above.
    const all = JSON.parse(text) as AccessQuestion[]
    return asked.flatMap((namespace) =>
      all.flatMap((question) => {
        const concrete = placed(question, namespace)
        return needsReview(rules.get(namespace), concrete) ? [concrete] : []
      }),
    )
  }, [asked, text, rules])
  const reviews = useQueries({
    queries: open.map((question) => reviewQuery(api, cluster, question)),
    combine: useCallback(
      (results: readonly { data: Reviewed | undefined }[]) =>
        new Map(open.map((question, at) => [JSON.stringify(question), results[at]?.data ?? {}] as const)),
      [open],
    ),
  })
  return useCallback(
    (question) => {
      const { namespace = '' } = question
      const known = rules.get(namespace)
      const concrete = placed(question, namespace)
      const reviewed = needsReview(known, concrete)
        ? (reviews.get(JSON.stringify(concrete)) ?? {})
        : known
          ? { allowed: decideAccess(known, concrete) === 'yes' }
          : {}
      return explainAccess(concrete, reviewed, { t, readOnly })
    },
    [rules, reviews, t, readOnly],
  )
}

/** One form for each question, so that equal ones have equal keys. */
function placed({ verb, group, resource, subresource, name }: AccessQuestion, namespace: string): AccessQuestion {
  return {
    verb,
    group,
    resource,
    ...(subresource ? { subresource } : {}),
    ...(namespace === '' ? {} : { namespace }),
    ...(name ? { name } : {}),
  }
}

/** Rules are of one namespace; where there are none, or they are not all, the question is put by itself. */
function needsReview(rules: AccessRules | null | undefined, question: AccessQuestion): boolean {
  if (!question.namespace || rules === null) return true
  return rules !== undefined && decideAccess(rules, question) === 'unknown'
}

const reading: readonly string[] = ['get', 'list', 'watch']
/** Subresources that reach into a guest: more than a look, though they are read with `get`. */
const reaching: readonly string[] = ['console', 'vnc', 'portforward', 'usbredir']

/** Whether something is more than looking, so that a read-only switch forbids it. */
export function changesSomething({ verb, subresource = '' }: Pick<AccessQuestion, 'verb' | 'subresource'>): boolean {
  return !reading.includes(verb) || reaching.includes(subresource)
}

function explainAccess(
  question: AccessQuestion,
  reviewed: Reviewed,
  place: { t: Translate; readOnly: ReadOnly },
): Access {
  const { t, readOnly } = place
  if (reviewed.allowed === false) {
    const reason = [missingText(question, t), reviewed.reason].filter(Boolean).join(' ')
    return { allowed: false, reason, missing: question }
  }
  if (readOnly.readOnly && changesSomething(question)) {
    return { allowed: false, ...(readOnly.reason ? { reason: readOnly.reason } : {}) }
  }
  return reviewed.allowed ? { allowed: true } : {}
}

/** The permission that is missing, in a sentence. */
export function missingText(question: AccessQuestion, t: Translate): string {
  const { verb, namespace } = question
  const resource = resourceText(question)
  return namespace
    ? t('access.missing.inNamespace', { verb, resource, namespace })
    : t('access.missing.everywhere', { verb, resource })
}

/** Who the cluster's API says this is (SelfSubjectReview); undefined where it does not tell. */
export function useWhoAmI(): { user: string; groups: readonly string[] } | undefined {
  const api = useKubeApi()
  const cluster = useCluster()
  const { data } = useQuery(whoAmIQuery(api, cluster))
  return data ?? undefined
}
