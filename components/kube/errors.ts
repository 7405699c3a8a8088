import type { MessageKey } from '../i18n/catalogue'
import type { Translate } from '../i18n/use-t'
import type { ApiFailure } from './api'

/** A failure in a person's language: what happened, in the server's own words where there are any, and the way out. */
export interface Explanation {
  title: string
  /** The server's own words. */
  words: string
  wayOut: string
}

/** The one translation from an API failure to sentences. */
export function explainFailure(failure: ApiFailure, t: Translate): Explanation {
  const topic = topicOf(failure)
  return {
    title: t(`errors.${topic}.title` satisfies MessageKey),
    words: failure.code === 0 ? '' : wordsOf(failure),
    wayOut: t(`errors.${topic}.wayOut` satisfies MessageKey),
  }
}

/** Title and words in one line, for toasts and rows of results. */
export function failureSentence(failure: ApiFailure, t: Translate): string {
  const { title, words } = explainFailure(failure, t)
  return words === '' ? title : words
}

type Topic =
  | 'unreachable'
  | 'signedOut'
  | 'forbidden'
  | 'kindMissing'
  | 'notFound'
  | 'exists'
  | 'conflict'
  | 'invalid'
  | 'busy'
  | 'unknown'

function topicOf(failure: ApiFailure): Topic {
  switch (failure.code) {
    case 0:
      return 'unreachable'
    case 401:
      return 'signedOut'
    case 403:
      return 'forbidden'
    case 404:
      // A missing object is named in the details; a missing kind cannot be.
      return failure.status.details?.name ? 'notFound' : 'kindMissing'
    case 409:
      return failure.reason === 'AlreadyExists' ? 'exists' : 'conflict'
    case 400:
    case 422:
      return 'invalid'
    case 429:
    case 502:
    case 503:
    case 504:
      return 'busy'
    default:
      return 'unknown'
  }
}

/** The message, followed by causes that it does not mention already. */
function wordsOf(failure: ApiFailure): string {
  const causes = (failure.status.details?.causes ?? [])
    .map((cause) => [cause.field, cause.message].filter(Boolean).join(': '))
    .filter((cause) => cause !== '' && !failure.message.includes(cause))
  return [failure.message, ...causes].join(' · ')
}
