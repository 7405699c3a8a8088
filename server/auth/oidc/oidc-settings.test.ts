import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { StartError } from '@/server/start-error'
import { personOf, UnusableClaims } from './claims'
import { readOidcSettings } from './oidc-settings'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'chiave-oidc-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

function read(content: string) {
  const file = join(directory, 'oidc.yaml')
  writeFileSync(file, content)
  return readOidcSettings(file)
}

const minimal = 'issuer: https://id.example/realm\nclientId: chiave\n'

it('one provider by itself is enough, with kube-apiserver’s meaning of claims and prefixes of its own', () => {
  const { providers, publicUrl } = read(minimal)
  expect(publicUrl).toBeUndefined()
  expect(providers).toMatchObject([
    { id: 'oidc', displayName: 'id.example', usernameClaim: 'sub', usernamePrefix: 'oidc:', tokenToCluster: false },
  ])
})

it('several providers have secrets in files beside the configuration, and administrators with the groups’ prefix', () => {
  writeFileSync(join(directory, 'secret'), 'hush\n')
  const { providers, publicUrl } = read(`
publicUrl: https://console.example/
providers:
  - { id: one, issuer: "https://one.example", clientId: a, clientSecretFile: secret, adminGroups: [ops] }
  - { id: two, issuer: "https://two.example", clientId: b, usernamePrefix: "-", groupsPrefix: "x:", adminGroups: [ops] }
`)
  expect(publicUrl).toBe('https://console.example')
  expect(providers).toMatchObject([
    { clientSecret: 'hush', adminGroups: ['one:ops'] },
    { usernamePrefix: '', adminGroups: ['x:ops'] },
  ])
})

it.each([
  ['no YAML', '{'],
  ['no issuer', 'clientId: a'],
  ['a setting it does not know', `${minimal}surprise: true\n`],
  ['plain HTTP to another host', 'issuer: http://id.example\nclientId: a\nallowInsecureIssuer: true'],
  ['plain HTTP without saying so', 'issuer: http://127.0.0.1:1\nclientId: a'],
  ['a secret that is not there', `${minimal}clientSecretFile: none\n`],
  [
    'two providers of one id',
    `providers: [{issuer: "https://a.b", clientId: a}, {issuer: "https://c.d", clientId: a}]`,
  ],
  ['aliases, of which a bomb could be made', 'a: &a [x]\nproviders: [*a, *a]'],
])('refuses %s in a sentence', (_what, content) => {
  expect(() => read(content)).toThrow(StartError)
})

it('claims make nobody of Kubernetes’ own, nor anyone by an address that is not verified', () => {
  const [settings] = read(`${minimal}usernameClaim: email\nusernamePrefix: "-"\ngroupsClaim: groups\n`).providers
  if (!settings) throw new Error('no provider')
  const claims = { sub: '1', email: 'ada@corp.example', email_verified: true, groups: ['a', 7, '', 'b\n'] }
  expect(personOf(claims, settings)).toMatchObject({ user: 'ada@corp.example', groups: ['oidc:a'] })
  for (const bad of [
    { email_verified: false },
    { email: 'system:admin' },
    { email: '' },
    { email: 7 },
    { sub: undefined },
  ]) {
    expect(() => personOf({ ...claims, ...bad }, settings)).toThrow(UnusableClaims)
  }
})
