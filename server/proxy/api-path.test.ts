import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BadPath, parseApiTarget } from './api-path'

describe('an address below /k8s/', () => {
  it('is split into cluster and wire path without a change to either', () => {
    expect(parseApiTarget('/k8s/local/apis/kubevirt.io/v1/namespaces/a/virtualmachines/b?fieldManager=x%2Fy')).toEqual({
      cluster: 'local',
      path: '/apis/kubevirt.io/v1/namespaces/a/virtualmachines/b?fieldManager=x%2Fy',
    })
    expect(parseApiTarget('/k8s/local')).toEqual({ cluster: 'local', path: '/' })
    expect(parseApiTarget('/k8s/my%20cluster/api/')).toEqual({ cluster: 'my cluster', path: '/api/' })
    expect(parseApiTarget('/k8s/local/api/v1/nodes/system%3Anode?x=../..').path).toBe(
      '/api/v1/nodes/system%3Anode?x=../..',
    )
  })

  it.each([
    '/k8s/local/../other/api',
    '/k8s/local/api/..',
    '/k8s/local/./api',
    '/k8s/local/%2e%2e/healthz',
    '/k8s/local/.%2E/healthz',
    '/k8s/local/a%2f..%2fb',
    '/k8s/local/a%5c..',
    '/k8s/local/a\\b',
    '/k8s/local//api',
    '/k8s//api',
    '/k8s/local/a%00b',
    '/k8s/local/a%0d%0aHost:%20x',
    '/k8s/local/%zz',
    '/k8s/local/%c0%ae',
    '/k8s/local/a#b',
    '/k8s/local/ä',
    '/other/local/api',
  ])('is refused when two parsers might read it differently: %s', (url) => {
    expect(() => parseApiTarget(url)).toThrow(BadPath)
  })

  it('never leads above itself, whatever it looks like', () => {
    const part = fc.constantFrom('..', '.', '%2e', '%2E.', 'a', '', '%2f', '\\', '%5C', '?', 'b;c')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const url = `/k8s/local/${parts.join('/')}`
        let path: string
        try {
          path = parseApiTarget(url).path
        } catch (error) {
          expect(error).toBeInstanceOf(BadPath)
          return
        }
        // What a normalising parser makes of it is what we passed on.
        expect(new URL(path, 'http://api').pathname).toBe(path.split('?', 1)[0])
      }),
    )
  })
})
