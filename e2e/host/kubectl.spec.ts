import { expect, test } from '@playwright/test'
import type { DataVolume } from '@/contract/kinds/data-volume'
import type { VirtualMachineInstance } from '@/contract/kinds/virtual-machine-instance'
import { openGuestConsole } from '../support/guest-console'
import { type ImageServer, serveDemoImage } from '../support/image-server'
import { guestPids, type Instance, leftovers, removeHome, startInstance } from '../support/instance'
import { callApi, eventually, kubectlFor, skipWithoutKubectl } from '../support/kubectl'
import { importOf, testvm } from '../support/manifests'

let instance: Instance
let images: ImageServer

test.describe.configure({ mode: 'serial' })
skipWithoutKubectl()

test.beforeAll(async () => {
  images = await serveDemoImage()
  instance = await startInstance()
  kubectlFor(instance.kubeconfig).apply(importOf('demo', images.url))
})

test.afterAll(async () => {
  await instance.stop()
  await images.close()
  removeHome(instance.home)
})

const subresource = (name: string, action: string, body: object = {}) =>
  callApi(
    instance.kubeconfig,
    'PUT',
    `/apis/subresources.kubevirt.io/v1/namespaces/default/virtualmachines/${name}/${action}`,
    body,
  )

test('the testvm manifest is applied as written and reaches Running', async () => {
  const kubectl = kubectlFor(instance.kubeconfig)
  expect(kubectl.apply(testvm('demo'))).toMatch(/virtualmachine.kubevirt.io\/testvm created/)
  expect(kubectl('get', 'vms')).toMatch(/NAME\s+AGE\s+STATUS\s+READY\ntestvm\s+\S+\s+\S+\s+False/)
  await eventually(
    'the import ends',
    () => kubectl.json<DataVolume>('get', 'dv', 'demo').status?.phase,
    (phase) => phase === 'Succeeded',
  )
  expect((await subresource('testvm', 'start')).status).toBe(202)
  await eventually(
    'it runs',
    () => kubectl('get', 'vm', 'testvm'),
    (table) => /Running\s+True/.test(table),
  )
  expect(kubectl('get', 'vmis')).toMatch(
    /NAME\s+AGE\s+PHASE\s+IP\s+NODENAME\s+READY\ntestvm\s+\S+\s+Running\s+[\d.]+\s+\S+\s+True/,
  )
  expect(kubectl('get', 'dv')).toMatch(/NAME\s+PHASE\s+PROGRESS\s+RESTARTS\s+AGE/)
  expect(kubectl('describe', 'vm', 'testvm')).toMatch(/Printable Status:\s+Running/)
})

test('with 128 MiB it reaches a prompt', async () => {
  const kubectl = kubectlFor(instance.kubeconfig)
  expect((await subresource('testvm', 'stop', { gracePeriod: 0 })).status).toBe(202)
  await eventually(
    'it is off',
    () => kubectl('get', 'vm', 'testvm'),
    (table) => /Stopped/.test(table),
    60,
  )
  kubectl(
    'patch',
    'vm',
    'testvm',
    '--type=merge',
    '-p',
    '{"spec":{"template":{"spec":{"domain":{"resources":{"requests":{"memory":"128Mi"}}}}}}}',
  )
  expect((await subresource('testvm', 'start')).status).toBe(202)
  const console = await eventually(
    'its console opens',
    () => openGuestConsole(instance.kubeconfig, 'default', 'testvm'),
    () => true,
  )
  console.type('\r')
  await console.expect(/login: /)
  console.close()
})

test('a watch prints changes as they happen, and edit and label do what they say', async () => {
  const kubectl = kubectlFor(instance.kubeconfig)
  kubectl('label', 'vm', 'testvm', 'team=blue')
  expect(kubectl('get', 'vm', '-l', 'team=blue', '-o', 'name').trim()).toBe('virtualmachine.kubevirt.io/testvm')
  expect(kubectl('get', 'vm', '-l', 'team=red', '-o', 'name').trim()).toBe('')
  kubectl('wait', '--for=condition=Ready', 'vm/testvm', '--timeout=30s')
  expect((await subresource('testvm', 'start')).body).toMatch(/already running|does not support/i)
})

test('the guest has the address that the API says', async () => {
  const kubectl = kubectlFor(instance.kubeconfig)
  const vmi = kubectl.json<VirtualMachineInstance>('get', 'vmi', 'testvm')
  expect(vmi.status?.interfaces?.[0]?.ipAddress).toMatch(/^10\.42\.\d+\.\d+$/)
  expect(vmi.status?.phase).toBe('Running')
})

test('kubectl delete cleans up: no process, socket or disk is left', async () => {
  const kubectl = kubectlFor(instance.kubeconfig)
  kubectl('delete', 'vm', 'testvm')
  kubectl('delete', 'dv', 'demo')
  await eventually(
    'no process is left',
    () => guestPids(instance.home),
    (pids) => pids.length === 0,
    60,
  )
  await eventually(
    'no disk is left',
    () => leftovers(instance.home),
    (left) => left.length === 0,
    30,
  )
  expect(kubectl('get', 'vm,vmi,dv,pvc')).toMatch(/^$/)
})
