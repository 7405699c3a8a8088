import { describe, expect, test } from 'vitest'
import type { ApiObject } from '../api-object'
import { secretTypeErrors } from './secret-types'

const base64 = (text: string) => Buffer.from(text).toString('base64')

function errorsOf(type: string, data: Record<string, string>, annotations: Record<string, string> = {}): string[] {
  const secret: ApiObject = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', annotations }, type, data }
  return secretTypeErrors(secret).map(({ field, detail }) => `${field}: ${detail}`)
}

describe('a Secret of a type', () => {
  test.each<[string, Record<string, string>, string[]]>([
    ['kubernetes.io/tls', {}, ['data[tls.crt]: Required value', 'data[tls.key]: Required value']],
    ['kubernetes.io/tls', { 'tls.crt': '', 'tls.key': '' }, []],
    ['kubernetes.io/basic-auth', {}, ['data[username]: Required value', 'data[password]: Required value']],
    ['kubernetes.io/basic-auth', { password: '' }, []],
    ['kubernetes.io/ssh-auth', { 'ssh-privatekey': '' }, ['data[ssh-privatekey]: Required value']],
    ['kubernetes.io/dockerconfigjson', {}, ['data[.dockerconfigjson]: Required value']],
    ['kubernetes.io/dockerconfigjson', { '.dockerconfigjson': base64('{"auths":{}}') }, []],
    [
      'kubernetes.io/dockerconfigjson',
      { '.dockerconfigjson': base64('secret') },
      ['data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": invalid JSON'],
    ],
    [
      'kubernetes.io/dockercfg',
      { '.dockercfg': base64('[1]') },
      [
        'data[.dockercfg]: Invalid value: "<secret contents redacted>": json: cannot unmarshal array into Go value of type map[string]interface {}',
      ],
    ],
    [
      'kubernetes.io/service-account-token',
      {},
      ['metadata.annotations[kubernetes.io/service-account.name]: Required value'],
    ],
    ['bootstrap.kubernetes.io/token', {}, []],
    ['example.com/own', {}, []],
  ])('%s with %j: %j', (type, data, expected) => {
    expect(errorsOf(type, data)).toEqual(expected)
  })

  test('of an account’s token is good when it names the account', () => {
    const annotations = { 'kubernetes.io/service-account.name': 'default' }
    expect(errorsOf('kubernetes.io/service-account-token', {}, annotations)).toEqual([])
  })
})
