import type { KubeStatus } from '@/contract/kube-object'
import type { Identity } from '@/server/cluster/connection'
import { buildStatus } from '@/server/proxy/status-response'
import type { Person } from './person'

/** How the console reaches a cluster, as far as it matters whose rights it may use there. */
export interface ClusterTraits {
  /** `embedded` is our own; a kubeconfig belongs to the console's owner; in-cluster is a service account of many people's. */
  kind: 'embedded' | 'kubeconfig' | 'in-cluster'
  /** Whether a kubeconfig's identity is meant to impersonate people. */
  impersonate: boolean
}

export interface IdentityQuestion {
  person: Pick<Person, 'stored' | 'user' | 'groups' | 'administrator'>
  cluster: string
  traits: ClusterTraits
  /** The person's own token for this cluster, as it is at the moment of a call. */
  token: (() => string | undefined) | undefined
}

const authenticated = 'system:authenticated'
const masters = 'system:masters'

/**
 * With whose rights a person's calls reach a cluster, or why they do not. A token that the person brought counts where it
 * was accepted and nowhere else. Nobody is impersonated as one of Kubernetes' own (`system:…`) users or groups; only on
 * our own cluster the console's administrators are its masters.
 */
export function decideIdentity(question: IdentityQuestion): Identity | KubeStatus {
  const { person, traits, cluster } = question
  if (person.stored.source === 'token') return brought(question)
  switch (traits.kind) {
    case 'embedded':
      return impersonated(question)
    case 'kubeconfig':
      if (question.token) return brought(question)
      if (person.stored.source === 'link') return { type: 'self' }
      if (traits.impersonate) return impersonated(question)
      if (person.administrator && person.stored.source === 'password') return { type: 'self' }
      return forbidden(
        `The console reaches ${cluster} with its owner’s kubeconfig, which is for its owner and its local administrators. Sign in with a token of that cluster.`,
      )
    case 'in-cluster':
      return question.token ? brought(question) : impersonated(question)
  }
}

/** The token is read at each use, since it is renewed while streams last. */
function brought({ token, cluster }: IdentityQuestion): Identity | KubeStatus {
  if (token?.() === undefined) {
    return forbidden(`Your sign-in has no token for ${cluster}. Sign in with a token of that cluster.`)
  }
  return {
    type: 'token',
    get token() {
      return token() ?? ''
    },
  }
}

function impersonated({ person, cluster, traits }: IdentityQuestion): Identity | KubeStatus {
  if (isReserved(person.user)) {
    return forbidden(`Nobody reaches ${cluster} as ${person.user}, which is one of Kubernetes’ own names.`)
  }
  const groups = person.groups.filter((group) => group !== '' && !isReserved(group))
  const rules = traits.kind === 'embedded' && person.administrator ? [masters, authenticated] : [authenticated]
  return { type: 'person', user: person.user, groups: [...groups, ...rules] }
}

/** Kubernetes keeps the prefix for itself, in any case as far as people can be misled by it. */
const isReserved = (name: string) => name.trim().toLowerCase().startsWith('system:')

const forbidden = (message: string) => buildStatus(403, message)
