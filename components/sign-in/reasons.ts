import { signInReasons } from '@/contract/people'
import type { MessageKey } from '../i18n/catalogue'
import type { Translate } from '../i18n/use-t'

export interface SignOutWords {
  tone: 'info' | 'warning'
  title: string
  body: string
}

/** Why a session ended. */
const endings = {
  [signInReasons.expired]: 'expired',
  [signInReasons.revoked]: 'revoked',
  [signInReasons.providerEnded]: 'provider',
  [signInReasons.signedOut]: 'signedOut',
} as const

/** Why an attempt failed, as the server's redirects say it: `/sign-in?error=…`. */
const failures = {
  link: 'link',
  'oidc-unreachable': 'unreachable',
  'oidc-denied': 'denied',
  'oidc-expired': 'late',
  'oidc-refused': 'refused',
  'too-many': 'tooMany',
} as const

type Topic = (typeof endings)[keyof typeof endings] | (typeof failures)[keyof typeof failures] | 'failed'

/** Why one is asked to sign in, for people; undefined when there is nothing to tell. */
export function explainSignOut(
  { error, reason }: { error?: string | undefined; reason?: string | undefined },
  t: Translate,
): SignOutWords | undefined {
  // A code that nobody knows is a failure all the same; its text is not for the page, as anybody can write it there.
  if (error !== undefined) return sentence(find(failures, error) ?? 'failed', 'warning', t)
  const topic = find(endings, reason)
  return topic === undefined ? undefined : sentence(topic, 'info', t)
}

function find<T>(topics: Readonly<Record<string, T>>, code: string | undefined): T | undefined {
  return code !== undefined && Object.hasOwn(topics, code) ? topics[code] : undefined
}

function sentence(topic: Topic, tone: SignOutWords['tone'], t: Translate): SignOutWords {
  return {
    tone,
    title: t(`signIn.why.${topic}.title` satisfies MessageKey),
    body: t(`signIn.why.${topic}.body` satisfies MessageKey),
  }
}
