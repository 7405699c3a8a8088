import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { configMap, startTestServer, type TestServer, virtualMachine } from '../testing/start-test-server'

let server: TestServer
let namespace: string
let number = 0

beforeAll(async () => {
  // Only what administrators rule is tested here.
  server = await startTestServer({ admission: [] })
})
afterAll(() => server.close())
beforeEach(async () => {
  number++
  namespace = `quota-${number}`
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }
  await server.call('POST', '/api/v1/namespaces', { body })
})

const core = (plural: string) => `/api/v1/namespaces/${namespace}/${plural}`
const machines = () => `/apis/kubevirt.io/v1/namespaces/${namespace}/virtualmachines`

function limit(hard: Record<string, string>, spec: object = {}) {
  const body = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q' }, spec: { hard, ...spec } }
  return server.call('POST', core('resourcequotas'), { body })
}

function claim(name: string, storage: string, storageClassName?: string) {
  const spec = {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage } },
    ...(storageClassName ? { storageClassName } : {}),
  }
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name }, spec }
}

async function instancePod(name: string, resources: object) {
  const { apiVersion, metadata, spec } = virtualMachine(name)
  const template = spec['template'] as { spec: object } // made by `virtualMachine`
  const created = await server.call('POST', `/apis/kubevirt.io/v1/namespaces/${namespace}/virtualmachineinstances`, {
    body: { apiVersion, kind: 'VirtualMachineInstance', metadata, spec: template.spec },
  })
  const owner = { apiVersion, kind: 'VirtualMachineInstance', name, uid: created.json.metadata['uid'] }
  return server.call('POST', core('pods'), {
    body: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, ownerReferences: [owner] },
      spec: { containers: [{ name: 'compute', image: 'i', resources }] },
    },
  })
}

async function status(): Promise<unknown> {
  return (await server.call('GET', `${core('resourcequotas')}/q`)).json['status']
}

describe('ResourceQuota', () => {
  test('counts objects of any kind, one too many is refused', async () => {
    await limit({ 'count/virtualmachines.kubevirt.io': '2' })
    for (const name of ['a', 'b']) {
      expect((await server.call('POST', machines(), { body: virtualMachine(name) })).status).toBe(201)
    }
    const refused = await server.call('POST', machines(), { body: virtualMachine('c') })
    expect(refused.json).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'virtualmachines.kubevirt.io "c" is forbidden: exceeded quota: q, requested: count/virtualmachines.kubevirt.io=1, used: count/virtualmachines.kubevirt.io=2, limited: count/virtualmachines.kubevirt.io=2',
    })
    await server.call('DELETE', `${machines()}/a`)
    expect((await server.call('POST', machines(), { body: virtualMachine('c') })).status).toBe(201)
  })

  test('lets no two writers share the last place', async () => {
    await limit({ configmaps: '4' })
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        server.call('POST', core('configmaps'), { body: configMap(`m-${index}`) }),
      ),
    )
    const list = await server.call('GET', core('configmaps'))
    expect(list.json.items).toHaveLength(4)
    expect(answers.filter(({ status: code }) => code === 403).length).toBeGreaterThanOrEqual(16)
  })

  test('adds up storage, by class too, and growth of a claim', async () => {
    const perClass = 'fast.storageclass.storage.k8s.io/requests.storage'
    await limit({ 'requests.storage': '10Gi', persistentvolumeclaims: '5', [perClass]: '4Gi' })
    const claims = core('persistentvolumeclaims')
    expect((await server.call('POST', claims, { body: claim('a', '3Gi', 'fast') })).status).toBe(201)
    expect((await server.call('POST', claims, { body: claim('b', '2048Mi', 'fast') })).json['message']).toBe(
      `persistentvolumeclaims "b" is forbidden: exceeded quota: q, requested: ${perClass}=2Gi, used: ${perClass}=3Gi, limited: ${perClass}=4Gi`,
    )
    expect((await server.call('POST', claims, { body: claim('b', '6Gi', 'slow') })).status).toBe(201)
    const grown = await server.call('PATCH', `${claims}/b`, {
      body: { spec: { resources: { requests: { storage: '8Gi' } } } },
      headers: { 'Content-Type': 'application/merge-patch+json' },
    })
    expect(grown.json['message']).toContain(
      'exceeded quota: q, requested: requests.storage=2Gi, used: requests.storage=9Gi, limited: requests.storage=10Gi',
    )
    await expect.poll(status).toEqual({
      hard: { 'requests.storage': '10Gi', persistentvolumeclaims: '5', [perClass]: '4Gi' },
      used: { 'requests.storage': '9Gi', persistentvolumeclaims: '2', [perClass]: '3Gi' },
    })
  })

  test('sees the processors and memory of machines through their pods', async () => {
    await limit({ 'requests.memory': '1Gi', 'limits.cpu': '2', pods: '3' })
    const unsaid = await instancePod('one', { requests: { memory: '256Mi' } })
    expect(unsaid.json['message']).toBe(
      'pods "one" is forbidden: failed quota: q: must specify limits.cpu for: compute',
    )
    expect((await instancePod('two', { requests: { memory: '768Mi' }, limits: { cpu: '500m' } })).status).toBe(201)
    const over = await instancePod('three', { requests: { memory: '512Mi' }, limits: { cpu: '1' } })
    expect(over.json['message']).toBe(
      'pods "three" is forbidden: exceeded quota: q, requested: requests.memory=512Mi, used: requests.memory=768Mi, limited: requests.memory=1Gi',
    )
    await expect.poll(status).toMatchObject({ used: { 'requests.memory': '768Mi', 'limits.cpu': '500m', pods: '1' } })
  })

  test('keeps its status up to date as objects come and go', async () => {
    await server.call('POST', core('secrets'), { body: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } } })
    await limit({ secrets: '3', 'services.nodeports': '2' })
    await expect.poll(status).toEqual({
      hard: { secrets: '3', 'services.nodeports': '2' },
      used: { secrets: '1', 'services.nodeports': '0' },
    })
    const spec = { type: 'NodePort', ports: [{ port: 80 }] }
    await server.call('POST', core('services'), {
      body: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec },
    })
    await server.call('DELETE', `${core('secrets')}/s`)
    await expect.poll(status).toMatchObject({ used: { secrets: '0', 'services.nodeports': '1' } })
  })

  test('counts only pods in its scopes', async () => {
    await limit({ pods: '1' }, { scopes: ['BestEffort'] })
    expect((await instancePod('asks', { requests: { memory: '1Mi' } })).status).toBe(201)
    expect((await instancePod('takes', {})).status).toBe(201)
    expect((await instancePod('more', {})).json['message']).toContain('exceeded quota: q, requested: pods=1')
  })

  test('says what is wrong with it', async () => {
    const refused = await limit({ beans: '3', pods: '-1', 'count/x': '1.5' })
    expect(refused.json).toMatchObject({ code: 422 })
    expect(refused.json['message']).toBe(
      'ResourceQuota "q" is invalid: [spec.hard[beans]: Invalid value: "beans": must be a standard resource type or fully qualified, spec.hard[beans]: Invalid value: "beans": must be a standard resource for quotas, spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0, spec.hard[count/x]: Invalid value: "1500m": must be an integer]',
    )
  })
})

describe('LimitRange', () => {
  const range = (...limits: object[]) =>
    server.call('POST', core('limitranges'), {
      body: { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'r' }, spec: { limits } },
    })

  test('gives containers their defaults and says so', async () => {
    await range({ type: 'Container', default: { memory: '512Mi' }, defaultRequest: { cpu: '100m' } })
    const pod = await instancePod('one', { requests: { memory: '64Mi' } })
    expect(pod.json).toMatchObject({
      metadata: {
        annotations: {
          'kubernetes.io/limit-ranger':
            'LimitRanger plugin set: cpu request for container compute; memory limit for container compute',
        },
      },
      spec: { containers: [{ resources: { requests: { memory: '64Mi', cpu: '100m' }, limits: { memory: '512Mi' } } }] },
    })
  })

  test('refuses what is out of range', async () => {
    await range(
      { type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } },
      { type: 'Container', max: { memory: '1Gi' } },
    )
    const claims = core('persistentvolumeclaims')
    expect((await server.call('POST', claims, { body: claim('small', '500Mi') })).json['message']).toBe(
      'persistentvolumeclaims "small" is forbidden: minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 500Mi',
    )
    expect((await server.call('POST', claims, { body: claim('large', '3Gi') })).json['message']).toBe(
      'persistentvolumeclaims "large" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi',
    )
    expect((await server.call('POST', claims, { body: claim('fits', '1Gi') })).status).toBe(201)
    expect((await instancePod('big', { limits: { memory: '2Gi' } })).json['message']).toBe(
      'pods "big" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi',
    )
  })

  test('completes itself, and says what is wrong with it', async () => {
    const made = await range({ type: 'Container', max: { memory: '1024Mi' }, min: { cpu: '0.1' } })
    expect(made.json['spec']).toEqual({
      limits: [
        {
          type: 'Container',
          max: { memory: '1Gi' },
          min: { cpu: '100m' },
          default: { memory: '1Gi' },
          defaultRequest: { memory: '1Gi', cpu: '100m' },
        },
      ],
    })
    await server.call('DELETE', `${core('limitranges')}/r`)
    const wrong = await range({ type: 'Pod', min: { cpu: '2' }, max: { cpu: '1' } })
    expect(wrong.json['message']).toBe(
      'LimitRange "r" is invalid: spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
    )
  })
})

describe('kinds of containers', () => {
  const pod = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd' },
    spec: { selector: { matchLabels: { app: 'a' } }, template: pod },
  }
  const deployments = () => `/apis/apps/v1/namespaces/${namespace}/deployments`

  test('are checked under a dry run and never kept', async () => {
    expect((await server.call('POST', `${deployments()}?dryRun=All`, { body: deployment })).status).toBe(201)
    const refused = await server.call('POST', deployments(), { body: deployment })
    expect(refused.json).toMatchObject({
      code: 403,
      message: 'deployments.apps "d" is forbidden: this cluster runs no containers',
    })
    const wrong = { ...deployment, spec: { ...deployment.spec, selector: { matchLabels: { app: 'b' } } } }
    expect((await server.call('POST', `${deployments()}?dryRun=All`, { body: wrong })).json).toMatchObject({
      code: 422,
      message:
        'Deployment.apps "d" is invalid: spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
    })
    expect((await server.call('GET', deployments())).json.items).toEqual([])
  })

  test('include pods that are no machine', async () => {
    const body = { apiVersion: 'v1', kind: 'Pod', ...pod, metadata: { name: 'p' } }
    expect((await server.call('POST', core('pods'), { body })).json['message']).toBe(
      'pods "p" is forbidden: this cluster runs no containers',
    )
    const forged = {
      ...body,
      metadata: {
        name: 'p',
        ownerReferences: [{ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', name: 'x', uid: 'x' }],
      },
    }
    expect((await server.call('POST', core('pods'), { body: forged })).status).toBe(403)
    expect((await server.call('POST', `${core('pods')}?dryRun=All`, { body })).status).toBe(201)
  })
})

describe('Service', () => {
  const service = (spec: object, name = 'web') =>
    server.call('POST', core('services'), { body: { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec } })

  test('is completed', async () => {
    const made = await service({ selector: { app: 'a' }, ports: [{ port: 80 }] })
    expect(made.json).toMatchObject({
      spec: {
        type: 'ClusterIP',
        sessionAffinity: 'None',
        internalTrafficPolicy: 'Cluster',
        ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      },
      status: { loadBalancer: {} },
    })
  })

  test.each<[string, object, string]>([
    ['no port', {}, 'spec.ports: Required value'],
    ['a wrong type', { type: 'Magic', ports: [{ port: 1 }] }, 'spec.type: Unsupported value: "Magic"'],
    [
      'a port beyond all ports',
      { ports: [{ port: 70000 }] },
      'spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive',
    ],
    ['nameless ports', { ports: [{ port: 1 }, { port: 2 }] }, 'spec.ports[0].name: Required value'],
    ['a bad address', { clusterIP: 'x', ports: [{ port: 1 }] }, 'spec.clusterIPs[0]: Invalid value: "x"'],
  ])('is refused with %s', async (_what, spec, message) => {
    expect((await service(spec)).json['message']).toContain(message)
  })

  test('has a name that DNS takes', async () => {
    expect((await service({ ports: [{ port: 1 }] }, '1web')).json['message']).toContain('a DNS-1035 label must consist')
  })
})
