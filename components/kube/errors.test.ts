import { describe, expect, it } from 'vitest'
import type { KubeStatus } from '@/contract/kube-object'
import { createWords } from '../i18n/language-provider'
import type { Translate } from '../i18n/use-t'
import { ApiFailure } from './api'
import { explainFailure, failureSentence } from './errors'

const words = createWords('en')
const t: Translate = (key, values) => words.t(key, values ?? {})
const failure = (code: number, more: Partial<KubeStatus> = {}) =>
  new ApiFailure({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code, message: 'words', ...more })

describe('a failure in sentences', () => {
  it.each<[number, Partial<KubeStatus>, string]>([
    [0, {}, 'The console cannot be reached'],
    [401, {}, 'You are signed out'],
    [403, {}, 'You are not allowed to do this'],
    [404, { details: { name: 'web-1' } }, 'It is not there any more'],
    [404, {}, 'This cluster does not offer that'],
    [409, { reason: 'AlreadyExists' }, 'The name is taken'],
    [409, { reason: 'Conflict' }, 'That does not fit the present state'],
    [422, {}, 'The cluster refused the request'],
    [503, {}, 'The cluster does not answer at the moment'],
    [418, {}, 'Something went wrong'],
  ])('%s %o is: %s', (code, more, title) => {
    expect(explainFailure(failure(code, more), t).title).toBe(title)
  })

  it('keeps the words of the server, and adds causes that they do not mention', () => {
    const causes = [
      { field: 'spec.size', message: 'too small' },
      { field: 'metadata.name', message: 'words' },
    ]
    expect(explainFailure(failure(422, { details: { causes } }), t).words).toBe(
      'words · spec.size: too small · metadata.name: words',
    )
    expect(
      explainFailure(failure(422, { message: 'spec.size: too small', details: { causes: [causes[0] ?? {}] } }), t)
        .words,
    ).toBe('spec.size: too small')
  })

  it('does not show a browser’s words about a network', () => {
    expect(failureSentence(failure(0, { message: 'Failed to fetch' }), t)).toBe('The console cannot be reached')
  })
})
