import { expect, it } from 'vitest'
import { readOnlyRefusal } from './read-only'

const machines = '/apis/kubevirt.io/v1/namespaces/a/virtualmachines'

const passes: [method: string, path: string][] = [
  ['GET', machines],
  ['GET', `${machines}?watch=1`],
  ['HEAD', '/readyz'],
  ['GET', '/api/v1/namespaces/a/pods/p/log?follow=true'],
  ['POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'],
  ['POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews'],
  ['POST', '/apis/authorization.k8s.io/v1/namespaces/a/localsubjectaccessreviews'],
  ['POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews'],
  ['POST', `${machines}?dryRun=All`],
  ['PATCH', `${machines}/vm?fieldManager=chiave&dryRun=All`],
  ['PUT', `${machines}/vm/status?dryRun=All`],
  ['DELETE', '/api/v1/namespaces/a?dryRun=All'],
  ['PATCH', '/apis/rbac.authorization.k8s.io/v1/clusterroles/chiave%3Aview?dryRun=All'],
]
it.each(passes)('lets %s %s through: it changes nothing', (method, path) => {
  expect(readOnlyRefusal('prod', { method, path, upgrade: false })).toBeUndefined()
})

const refused: [method: string, path: string][] = [
  ['POST', machines],
  ['PUT', `${machines}/vm`],
  ['PATCH', `${machines}/vm`],
  ['DELETE', `${machines}/vm`],
  ['POST', `${machines}?dryRun=None`],
  ['POST', `${machines}?dryRun=All&dryRun=`],
  ['POST', `${machines}?dryrun=All`],
  ['POST', `${machines}?x=dryRun=All`],
  // KubeVirt takes dryRun of these from the body: the query would start the machine.
  ['PUT', '/apis/subresources.kubevirt.io/v1/namespaces/a/virtualmachines/vm/start?dryRun=All'],
  ['POST', '/apis/upload.cdi.kubevirt.io/v1beta1/namespaces/a/uploadtokenrequests?dryRun=All'],
  ['POST', '/api/v1/namespaces/a/pods/p/exec?dryRun=All'],
  ['POST', '/api/v1/namespaces/a/services/s/proxy/reset?dryRun=All'],
  ['POST', '/api/v1/namespaces/a/serviceaccounts/s/token?dryRun=All'],
  ['POST', '/apis/authorization.k8s.io.example.com/v1/selfsubjectaccessreviews'],
  ['DELETE', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'],
  ['POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews/x'],
  ['POST', '/apis/authorization.k8s.io/v1/../../../api/v1/namespaces'],
  ['POST', '/api/v1/namespaces/a%2Fpods?dryRun=All'],
  ['POST', '/api/v1/namespaces//pods?dryRun=All'],
  ['TRACE', machines],
  ['get', machines],
]
it.each(refused)('refuses %s %s', (method, path) => {
  expect(readOnlyRefusal('prod', { method, path, upgrade: false })).toMatchObject({
    code: 403,
    reason: 'Forbidden',
    details: { causes: [{ reason: 'ReadOnlyConnection' }] },
  })
})

it.each([
  '/apis/subresources.kubevirt.io/v1/namespaces/a/virtualmachineinstances/vm/vnc',
  '/apis/subresources.kubevirt.io/v1/namespaces/a/virtualmachineinstances/vm/portforward/22/tcp?watch=true',
  '/api/v1/namespaces/a/pods/p/exec?command=sh&watch=true',
  '/api/v1/namespaces/a/pods/p/portforward',
  `${machines}?dryRun=All`,
  `${machines}?watch=false`,
])('refuses the stream %s', (path) => {
  expect(readOnlyRefusal('prod', { method: 'GET', path, upgrade: true })?.code).toBe(403)
})

it('lets a watch through that travels in a WebSocket', () => {
  expect(readOnlyRefusal('prod', { method: 'GET', path: `${machines}?watch=true`, upgrade: true })).toBeUndefined()
})
