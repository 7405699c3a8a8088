import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { JsonObject } from '@/contract/json'
import { startTestServer, type TestServer } from '../testing/start-test-server'
import { isSchedule } from './data-volume-import-cron'
import { serveKinds } from './served-kinds.fixture'

let server: TestServer
let number = 0
let name: string
beforeAll(async () => {
  server = await startTestServer()
  await serveKinds(server, 'cdi.kubevirt.io', [
    { kind: 'DataImportCron', namespaced: true },
    { kind: 'DataSource', namespaced: true },
    { kind: 'VolumeImportSource', namespaced: true },
    { kind: 'ObjectTransfer', namespaced: false },
  ])
})
afterAll(() => server.close())
beforeEach(() => {
  name = `v${number++}`
})

const group = '/apis/cdi.kubevirt.io/v1beta1'
const inDefault = (plural: string) => `${group}/namespaces/default/${plural}`
const object = (kind: string, spec: JsonObject, metadata: JsonObject = {}) => ({
  apiVersion: 'cdi.kubevirt.io/v1beta1',
  kind,
  metadata: { name, ...metadata },
  spec,
})
const create = async (spec: JsonObject, metadata?: JsonObject) =>
  server.call('POST', inDefault('datavolumes'), { body: object('DataVolume', spec, metadata) })

const storage = { resources: { requests: { storage: '1Gi' } } }
const pvc = { ...storage, accessModes: ['ReadWriteOnce'] }
const http = (more: JsonObject) => ({ storage, source: { http: { url: 'https://x/y', ...more } } })
const registry = (more: JsonObject) => ({ storage, source: { registry: more } })
const sizeOf = (size: string) => ({ storage: { resources: { requests: { storage: size } } }, source: { blank: {} } })

test.each<[string, JsonObject, string, string]>([
  [
    'less than nothing',
    sizeOf('-1'),
    "Storage size can't be equal or less than zero",
    'spec.Storage.resources.requests.size',
  ],
  ['nothing', sizeOf('0Gi'), "Storage size can't be equal or less than zero", 'spec.Storage.resources.requests.size'],
  ['hardly anything', sizeOf('1000Ki'), 'Storage size should be at least 1MiB', 'spec.Storage.resources.requests.size'],
  [
    'a clone of unsaid size in a claim',
    { pvc: { accessModes: ['ReadWriteOnce'] }, source: { pvc: { namespace: 'default', name: 'x' } } },
    'PVC size is missing',
    'spec.PVC.resources.requests.size',
  ],
  [
    'no access mode',
    { pvc: storage, source: { blank: {} } },
    'Required value: at least 1 access mode is required',
    'spec.PVC.accessModes',
  ],
  [
    'two access modes',
    { pvc: { ...pvc, accessModes: ['ReadWriteOnce', 'ReadWriteMany'] }, source: { blank: {} } },
    'PVC multiple accessModes',
    'spec.PVC.accessModes',
  ],
  [
    'an unknown access mode',
    { storage: { ...storage, accessModes: ['Sometimes'] }, source: { blank: {} } },
    'Unsupported value: "Sometimes": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
    'spec.PVC.accessModes',
  ],
  [
    'a source beside a populator',
    { storage: { ...storage, dataSourceRef: { kind: 'K', name: 'n', apiGroup: 'g' } }, source: { blank: {} } },
    'External population is incompatible with Source and SourceRef',
    'spec.source',
  ],
  [
    'a populator without group',
    { storage: { ...storage, dataSource: { kind: 'K', name: 'n' } } },
    "Required value: DataSource apiGroup when kind is not 'PersistentVolumeClaim'",
    'spec.dataSource.apiGroup.',
  ],
  [
    'a reference to another kind',
    { storage, sourceRef: { kind: 'Image', name: 'n' } },
    'Unsupported sourceRef kind Image, currently only DataSource is supported',
    'spec.sourceRef.Kind',
  ],
  ['no source in the source', { storage, source: {} }, 'Missing Data volume source', 'spec.source'],
  [
    'an archive of nothing',
    { storage, source: { blank: {} }, contentType: 'archive' },
    'SourceType cannot be blank and the contentType be archive',
    'spec.contentType',
  ],
  [
    'a checksum of no form',
    http({ checksum: 'abc' }),
    "Invalid checksum format: invalid checksum format: expected 'algorithm:hash', got 'abc'",
    'spec.source.HTTP.checksum',
  ],
  [
    'a checksum of an unknown kind',
    http({ checksum: 'crc:1' }),
    "Invalid checksum format: unsupported checksum algorithm 'crc': supported algorithms are: md5, sha1, sha256, sha512",
    'spec.source.HTTP.checksum',
  ],
  [
    'a short checksum',
    http({ checksum: 'sha256:12' }),
    'Invalid checksum format: invalid sha256 hash length: expected 64 hex characters, got 2',
    'spec.source.HTTP.checksum',
  ],
  ['an address that is none', http({ url: 'x y' }), 'spec.source Invalid source URL: x y', 'spec.source.HTTP.url'],
  [
    'a registry without image',
    registry({}),
    'Source registry should have either URL or ImageStream',
    'spec.source.Registry',
  ],
  [
    'a registry by HTTP',
    registry({ url: 'http://x/y' }),
    'Illegal registry source URL scheme http://x/y',
    'spec.source.Registry.URL',
  ],
  [
    'an image stream pulled by a pod',
    registry({ imageStream: 'x' }),
    'Source registry ImageStream is supported only with node pull import method',
    'spec.source.Registry.importMethod',
  ],
  [
    'an incomplete VDDK source',
    { storage, source: { vddk: { url: 'https://x' } } },
    'spec.source.VDDK source VDDK is not valid',
    'spec.source.VDDK',
  ],
  [
    'a clone of nothing',
    { storage, source: { pvc: { namespace: 'default', name: '' } } },
    'spec.source.PVC source PVC is not valid',
    'spec.source.PVC',
  ],
])('a data volume is refused with %s', async (_what, spec, words, field) => {
  const { json } = await create(spec)
  expect(json).toMatchObject({
    code: 422,
    message: `admission webhook "datavolume-validate.cdi.kubevirt.io" denied the request:  ${words}`,
    details: { causes: [{ reason: 'FieldValueInvalid', message: words, field }] },
  })
})

test.each<[string, JsonObject]>([
  ['an import', http({ checksum: `sha256:${'a'.repeat(64)}` })],
  ['an image of a registry', registry({ url: 'docker://quay.io/x/y:1', pullMethod: 'node' })],
  ['an upload', { storage, source: { upload: {} } }],
  ['a claim in full', { pvc, source: { blank: {} } }],
  ['a populator', { storage: { ...storage, dataSourceRef: { kind: 'VolumeImportSource', name: 'n', apiGroup: 'g' } } }],
])('%s is taken', async (_what, spec) => {
  expect((await create(spec)).status).toBe(201)
})

test('a volume does not take over a claim that is not its own', async () => {
  const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name }, spec: pvc }
  await server.call('POST', '/api/v1/namespaces/default/persistentvolumeclaims', { body: claim })
  const refused = await create({ storage, source: { blank: {} } })
  expect(refused.json['message']).toContain(`Destination PVC default/${name} already exists`)
  const adopting = { annotations: { 'cdi.kubevirt.io/allowClaimAdoption': 'true' } }
  expect((await create({ storage, source: { blank: {} } }, adopting)).status).toBe(201)
})

describe('a clone', () => {
  test('needs its data source and its namespace to be there', async () => {
    const missing = await create({ storage, sourceRef: { kind: 'DataSource', name: 'none' } })
    expect(missing.json).toMatchObject({
      code: 400,
      message:
        'admission webhook "datavolume-mutate.cdi.kubevirt.io" denied the request: datasources.cdi.kubevirt.io "none" not found',
    })
    const nowhere = await create({ storage, source: { pvc: { namespace: 'nowhere', name: 'x' } } })
    expect(nowhere.json['message']).toContain('namespaces "nowhere" not found')
    const source = object('DataSource', { source: { pvc: { namespace: 'default', name: 'x' } } })
    await server.call('POST', inDefault('datasources'), { body: source })
    expect((await create({ storage, sourceRef: { kind: 'DataSource', name } })).status).toBe(201)
  })

  test('from another namespace needs a permission there', async () => {
    const refused = await startTestServer({
      authorizer: {
        authorize: (attributes) => ({
          allowed: attributes.type === 'path' || attributes.namespace !== 'kube-system' || attributes.verb === 'get',
        }),
        rules: () => ({ resourceRules: [], nonResourceRules: [], incomplete: false }),
      },
    })
    try {
      const body = object('DataVolume', { storage, source: { pvc: { namespace: 'kube-system', name: 'x' } } })
      const answer = await refused.call('POST', inDefault('datavolumes'), { body })
      const words = 'User admin has insufficient permissions in clone source namespace kube-system'
      expect(answer.json).toMatchObject({
        code: 422,
        message: `admission webhook "datavolume-mutate.cdi.kubevirt.io" denied the request:  ${words}`,
        details: { causes: [{ message: words, field: 'spec.source.PVC.namespace' }] },
      })
    } finally {
      await refused.close()
    }
  })
})

test('an import cron is refused with a schedule that is none, and never changes', async () => {
  const template = { spec: { source: { registry: { url: 'docker://x/y' } }, storage } }
  const cron = (spec: JsonObject) => object('DataImportCron', { template, managedDataSource: 'd', ...spec })
  const post = (spec: JsonObject) => server.call('POST', inDefault('dataimportcrons'), { body: cron(spec) })
  const refusal = 'admission webhook "dataimportcron-validate.cdi.kubevirt.io" denied the request:  '
  expect((await post({ schedule: '0 25 * * *' })).json['message']).toBe(`${refusal}Illegal cron schedule`)
  expect((await post({ importsToKeep: -1 })).json['message']).toBe(`${refusal}Illegal ImportsToKeep value`)
  expect((await post({ garbageCollect: 'Soon' })).json['message']).toBe(`${refusal}Illegal GarbageCollect value`)
  expect((await post({ managedDataSource: '' })).json['message']).toBe(`${refusal}Illegal ManagedDataSource value`)
  expect((await post({ template: { spec: { source: { blank: {} }, storage } } })).json['message']).toBe(
    `${refusal}Missing source`,
  )
  expect((await post({ schedule: '0 3 * * 1' })).status).toBe(201)
  const changed = await server.call('PATCH', `${inDefault('dataimportcrons')}/${name}`, {
    body: { spec: { schedule: '@daily' } },
    headers: { 'Content-Type': 'application/merge-patch+json' },
  })
  expect(changed.json['message']).toBe(`${refusal}Cannot update DataImportCron Spec`)
})

test.each([
  ['0 3 * * 1', true],
  ['*/15 0-6 1,15 jan-mar MON', true],
  ['@every 1h30m', true],
  ['CRON_TZ=Europe/Rome 0 6 * * ?', true],
  ['0 3 * *', false],
  ['60 * * * *', false],
  ['*/0 * * * *', false],
  ['@noon', false],
])('the schedule %s is one: %s', (schedule, is) => {
  expect(isSchedule(schedule)).toBe(is)
})

test('a populator’s source is checked, and a transfer is told that it is old', async () => {
  const none = await server.call('POST', inDefault('volumeimportsources'), { body: object('VolumeImportSource', {}) })
  expect(none.json['message']).toBe(
    'admission webhook "populator-validate.cdi.kubevirt.io" denied the request:  Missing VolumeImport source',
  )
  const transfer = object('ObjectTransfer', {
    source: { kind: 'DataVolume', namespace: 'default', name: 'x' },
    target: {},
  })
  const refused = await server.call('POST', `${group}/objecttransfers`, { body: transfer })
  expect(refused.json).toMatchObject({
    code: 400,
    message:
      'admission webhook "objecttransfer-validate.cdi.kubevirt.io" denied the request: Target namespace and/or target name must be supplied',
  })
  const spec = { ...transfer.spec, target: { name: 'y' } }
  const taken = await server.call('POST', `${group}/objecttransfers`, { body: { ...transfer, spec } })
  expect([taken.status, taken.headers['warning']]).toEqual([
    201,
    expect.stringContaining('ObjectTransfer feature is deprecated, and will be deleted soon'),
  ])
})
