import { forbidden, StatusError } from '../errors/status-error'
import type { User } from './user'

/** What is asked for: a verb on a resource, or on a path that is no resource. */
export type Attributes =
  | {
      type: 'resource'
      user: User
      verb: string
      group: string
      version: string
      resource: string
      subresource: string
      namespace: string
      name: string
    }
  | { type: 'path'; user: User; verb: string; path: string }

export interface Verdict {
  allowed: boolean
  reason?: string
}

/** Decides what a user may do. The one place that knows rules. */
export interface Authorizer {
  authorize(attributes: Attributes): Verdict
  /** What a user may do in a namespace, in the form of SelfSubjectRulesReview. */
  rules(
    user: User,
    namespace: string,
  ): {
    resourceRules: { verbs: string[]; apiGroups: string[]; resources: string[]; resourceNames?: string[] }[]
    nonResourceRules: { verbs: string[]; nonResourceURLs: string[] }[]
    incomplete: boolean
    evaluationError?: string
  }
}

/** The 403 for a verdict against, in Kubernetes' words. */
export function refusal(attributes: Attributes, { reason }: Verdict): StatusError {
  const suffix = reason ? `: ${reason}` : ''
  if (attributes.type === 'path') {
    return new StatusError({
      message: `forbidden: User "${attributes.user.name}" cannot ${attributes.verb} path "${attributes.path}"${suffix}`,
      reason: 'Forbidden',
      details: {},
      code: 403,
    })
  }
  const { user, verb, group, resource, subresource, namespace, name } = attributes
  const what = subresource === '' ? resource : `${resource}/${subresource}`
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`
  return forbidden(
    { group, name: resource },
    name,
    `User "${user.name}" cannot ${verb} resource "${what}" in API group "${group}" ${where}${suffix}`,
  )
}
