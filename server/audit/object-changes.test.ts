import { describe, expect, it } from 'vitest'
import { changesNothing, parseApiObject, verbOf } from './api-object'
import { csvCell } from './audit-csv'
import { compareObjects } from './object-changes'

const compare = (before: object | undefined, after: object | undefined, secret = false) =>
  compareObjects({ before: before && { ...before }, after: after && { ...after }, secret })

describe('what has changed', () => {
  it('is told by place, lists by the names in them, without the server’s bookkeeping', () => {
    const before = {
      metadata: { name: 'a', resourceVersion: '1', managedFields: [], labels: { x: '1' } },
      spec: { running: false, volumes: [{ name: 'root', size: 1 }, { name: 'old' }] },
      status: { ready: false },
    }
    const after = {
      metadata: { name: 'a', resourceVersion: '2', managedFields: [{}], labels: { x: '1', 'a/b': '2' } },
      spec: { running: true, volumes: [{ name: 'root', size: 2 }] },
      status: { ready: true },
    }
    expect(compare(before, after)).toEqual({
      cut: false,
      changes: [
        { op: 'add', path: '/metadata/labels/a~1b', after: '2' },
        { op: 'replace', path: '/spec/running', before: false, after: true },
        { op: 'replace', path: '/spec/volumes/root/size', before: 1, after: 2 },
        { op: 'remove', path: '/spec/volumes/old', before: { name: 'old' } },
      ],
    })
  })

  it('never holds a secret, although it says that one changed', () => {
    const hidden = 'hunter2hunter2'
    const secrets = [
      compare({ data: { password: 'x', note: 'y' } }, { data: { password: hidden, note: hidden } }, true),
      compare(undefined, { stringData: { any: hidden } }, true),
      compare({ spec: { userData: 'x' } }, { spec: { userData: hidden } }),
      compare({ spec: {} }, { spec: { cloudInitNoCloud: { userData: `#cloud-config\npassword: ${hidden}` } } }),
      compare({}, { spec: { env: [{ name: 'DB_PASSWORD', value: hidden }] } }),
      compare({}, { spec: { url: `https://me:${hidden}@host/` } }),
      compare({}, { data: { id: `-----BEGIN PRIVATE KEY-----\n${hidden}` } }),
      compare({}, { metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': hidden } } }),
      compare({ status: { token: 'x' } }, { status: { token: hidden } }),
    ]
    expect(JSON.stringify(secrets)).not.toContain(hidden)
    expect(secrets[0]?.changes.map(({ path }) => path)).toEqual(['/data/password', '/data/note'])
    expect(compare({ spec: { secretName: 'a' } }, { spec: { secretName: 'b' } }).changes[0]).toMatchObject({
      after: 'b',
    })
  })

  it('stays small whatever was written', () => {
    const large = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`k${index}`, 'x'.repeat(100)]))
    const { changes, cut } = compare({ data: {} }, { data: large })
    expect(cut).toBe(true)
    expect(JSON.stringify(changes).length).toBeLessThan(17 * 1024)
    expect(compare({ a: 'x' }, { a: 'y'.repeat(5000) }).changes[0]?.after).toBe('[5002 bytes]')
  })
})

describe('what a call is about', () => {
  it.each([
    ['/api/v1/namespaces/n/pods/p', { group: '', resource: 'pods', namespace: 'n', name: 'p' }],
    ['/api/v1/namespaces/n', { group: '', resource: 'namespaces', name: 'n' }],
    ['/api/v1/namespaces/n/finalize', { group: '', resource: 'namespaces', name: 'n', subresource: 'finalize' }],
    ['/apis/kubevirt.io/v1/virtualmachines?limit=1', { group: 'kubevirt.io', resource: 'virtualmachines' }],
    [
      '/apis/subresources.kubevirt.io/v1/namespaces/n/virtualmachines/m/start',
      { group: 'kubevirt.io', resource: 'virtualmachines', namespace: 'n', name: 'm', subresource: 'start' },
    ],
    ['/version', undefined],
  ])('is read from its path: %s', (path, object) => {
    expect(parseApiObject(path)).toEqual(object)
  })

  it('is nothing where everything stays as it was', () => {
    const of = (path: string) => changesNothing(path, parseApiObject(path))
    expect(of('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews')).toBe(true)
    expect(of('/apis/kubevirt.io/v1/namespaces/n/virtualmachines?dryRun=All')).toBe(true)
    expect(of('/apis/kubevirt.io/v1/namespaces/n/virtualmachines?x=dryRun=All')).toBe(false)
    expect(of('/api/v1/namespaces/n/serviceaccounts/a/token')).toBe(false)
    expect(verbOf('DELETE', false, parseApiObject('/api/v1/namespaces/n/pods'))).toBe('deletecollection')
  })
})

it('makes no formula of what people wrote', () => {
  for (const evil of ['=1+1', '+1', '-1', '@x', '\t=1', ' =1', '|x']) expect(csvCell(evil)).toBe(`"'${evil}"`)
  expect(csvCell('say "hi"')).toBe('"say ""hi"""')
  expect(csvCell(-5)).toBe('-5')
})
