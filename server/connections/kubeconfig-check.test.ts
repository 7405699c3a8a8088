import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { checkKubeconfig, KubeconfigRefused } from './kubeconfig-check'

interface Parts {
  cluster?: Record<string, unknown>
  user?: Record<string, unknown>
}

function kubeconfig({ cluster, user }: Parts = {}): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'c', cluster: { server: 'https://api.example:6443', 'certificate-authority-data': 'Q0E=', ...cluster } },
      { name: 'other', cluster: { server: 'https://other.example' } },
    ],
    users: [
      { name: 'u', user: { token: 'secret-token', ...user } },
      { name: 'stranger', user: { token: 'token-of-somebody-else', exec: { command: 'sh' } } },
    ],
    contexts: [
      { name: 'prod', context: { cluster: 'c', user: 'u', namespace: 'web' } },
      { name: 'second', context: { cluster: 'other', user: 'stranger' } },
    ],
    'current-context': 'prod',
  })
}

const reasonOf = (text: string, context?: string) => {
  try {
    checkKubeconfig(text, context)
    return 'taken'
  } catch (error) {
    if (error instanceof KubeconfigRefused) return error.message
    throw error
  }
}

describe('a kubeconfig that somebody sends', () => {
  it('is cut down to the one context that was chosen', () => {
    const checked = checkKubeconfig(kubeconfig(), undefined)
    expect(checked).toMatchObject({
      context: 'prod',
      contexts: ['prod', 'second'],
      server: 'api.example:6443',
      user: 'u',
      warnings: [],
    })
    expect(checked.text).toContain('secret-token')
    expect(checked.text).not.toContain('somebody-else')
    // What was kept can be checked again.
    expect(checkKubeconfig(checked.text, undefined).text).toBe(checked.text)
  })

  it.each<[what: string, parts: Parts, reason: RegExp]>([
    ['runs a program', { user: { exec: { command: 'curl', args: [] } } }, /exec/],
    [
      'signs in by an auth-provider',
      { user: { 'auth-provider': { name: 'gcp', config: { 'cmd-path': '/bin/sh' } } } },
      /auth-provider/,
    ],
    ['reads a token file', { user: { tokenFile: '/etc/shadow' } }, /tokenFile names a file/],
    ['reads a key', { user: { 'client-key': '/root/.ssh/id_rsa' } }, /client-key names a file/],
    ['reads a certificate', { user: { 'client-certificate': 'x.crt' } }, /client-certificate names a file/],
    ['reads a CA', { cluster: { 'certificate-authority': '../ca.crt' } }, /certificate-authority names a file/],
    ['acts as somebody else', { user: { as: 'root' } }, /not supported/],
    ['leads to the cloud’s metadata', { cluster: { server: 'https://169.254.169.254/latest' } }, /link-local/],
    ['leads there in other clothes', { cluster: { server: 'https://[::ffff:a9fe:a9fe]' } }, /link-local/],
    ['leads there as a number', { cluster: { server: 'https://2852039166/' } }, /link-local/],
    ['leads there through a proxy', { cluster: { 'proxy-url': 'http://169.254.169.254:80' } }, /link-local/],
    ['has a proxy that is none', { cluster: { 'proxy-url': 'file:///etc/passwd' } }, /no address of a proxy/],
    ['speaks plain HTTP over a network', { cluster: { server: 'http://10.0.0.1:8080' } }, /Plain HTTP/],
    ['speaks another protocol', { cluster: { server: 'ftp://api.example' } }, /https/],
    ['has credentials in the address', { cluster: { server: 'https://a:b@api.example' } }, /no user/],
    ['has a token that is none', { user: { token: { nested: true } } }, /wrong kind/],
  ])('is refused when it %s', (_what, parts, reason) => {
    const words = reasonOf(kubeconfig(parts))
    expect(words).toMatch(reason)
    expect(words).not.toContain('secret-token')
  })

  it('may lead to this host without encryption, and is told of', () => {
    const parts = { cluster: { server: 'http://127.0.0.1:8001' } }
    expect(checkKubeconfig(kubeconfig(parts), undefined).warnings).toEqual(['plainHttp'])
    const unchecked = { cluster: { 'insecure-skip-tls-verify': true, 'proxy-url': 'http://proxy.example:3128' } }
    expect(checkKubeconfig(kubeconfig(unchecked), undefined).warnings).toEqual(['insecureTls', 'proxied'])
  })

  it('must have the context that is asked for, whose own user counts', () => {
    expect(reasonOf(kubeconfig(), 'third')).toMatch(/no context "third"/)
    expect(reasonOf(kubeconfig(), 'second')).toMatch(/exec/)
  })

  it.each([
    ['aliases that unfold', `a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a]\nclusters: [*b,*b,*b]`],
    ['depth in brackets', `clusters: ${'['.repeat(5_000)}${']'.repeat(5_000)}`],
    ['depth in dashes', `clusters:\n  ${'- '.repeat(20_000)}x`],
    ['depth in braces with spaces', `clusters: ${'{ a: '.repeat(20_000)}`],
    ['size', `clusters: ${'x'.repeat(300 * 1024)}`],
    ['no YAML', `clusters: [\n\t}`],
    ['something else', `hello: world`],
    ['nothing', ``],
    ['keys twice', `clusters: []\nclusters: []`],
    ['a prototype', `__proto__: {clusters: []}`],
  ])('is refused quickly when it is made of %s', (_what, text) => {
    const before = performance.now()
    expect(reasonOf(text)).not.toBe('taken')
    expect(performance.now() - before).toBeLessThan(3_000)
  })
})
