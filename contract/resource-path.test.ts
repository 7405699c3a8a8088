import { expect, test } from 'vitest'
import { changeVerb, readResourcePath } from './resource-path'

const read = (path: string) => readResourcePath(path.split('/').slice(1))

test.each([
  ['/api/v1/pods', { group: '', version: 'v1', resource: 'pods' }],
  ['/api/v1/namespaces', { resource: 'namespaces' }],
  ['/api/v1/namespaces/a', { resource: 'namespaces', name: 'a' }],
  ['/api/v1/namespaces/a/status', { resource: 'namespaces', name: 'a', subresource: ['status'] }],
  ['/api/v1/namespaces/a/finalize', { resource: 'namespaces', name: 'a', subresource: ['finalize'] }],
  ['/api/v1/namespaces/a/pods', { namespace: 'a', resource: 'pods' }],
  ['/api/v1/namespaces/a/pods/b/log', { namespace: 'a', resource: 'pods', name: 'b', subresource: ['log'] }],
  ['/apis/kubevirt.io/v1/namespaces/a/virtualmachines/b', { group: 'kubevirt.io', namespace: 'a', name: 'b' }],
  [
    '/apis/subresources.kubevirt.io/v1/namespaces/a/virtualmachineinstances/b/portforward/22/tcp',
    { namespace: 'a', resource: 'virtualmachineinstances', subresource: ['portforward', '22', 'tcp'] },
  ],
])('%s is read as Kubernetes reads it', (path, expected) => {
  const found = read(path)
  expect(found).toMatchObject(expected)
  if (!('namespace' in expected)) expect(found?.namespace).toBeUndefined()
})

test.each(['/', '/version', '/api', '/api/v1', '/apis', '/apis/apps', '/apis/apps/v1', '/healthz/api/v1/pods'])(
  '%s is no resource’s address',
  (path) => {
    expect(read(path)).toBeUndefined()
  },
)

test('changes have the verbs of RBAC', () => {
  const verbs = ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map((method) => changeVerb(method, true))
  expect(verbs).toEqual(['create', 'update', 'patch', 'delete', 'options'])
  expect(changeVerb('DELETE', false)).toBe('deletecollection')
})
