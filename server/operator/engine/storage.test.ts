import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  configMapKind,
  eventKind,
  type PersistentVolumeClaim,
  persistentVolumeClaimKind,
  persistentVolumeKind,
  podKind,
  secretKind,
} from '@/contract/kinds/core'
import {
  checksumUrlAnnotation,
  type DataVolume,
  type DataVolumeSpec,
  dataVolumeKind,
} from '@/contract/kinds/data-volume'
import { virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { diskless, type EngineBench, machine, startBench } from './engine-bench.fixture'
import { type DiskSpec, HypervisorError } from './hypervisor-port'

let bench: EngineBench
beforeEach(async () => {
  bench = await startBench()
})
afterEach(() => bench.stop())

const claimOf = (name: string) =>
  bench.api.all(persistentVolumeClaimKind).find(({ metadata }) => metadata.name === name)
const reasons = (name: string) =>
  bench.api.all(eventKind).flatMap(({ involvedObject, reason }) => (involvedObject.name === name ? [reason] : []))
const condition = (name: string, type: string) =>
  bench.dataVolume(name)?.status?.conditions?.find((one) => one.type === type)

interface Placed {
  namespace?: string
  annotations?: Record<string, string>
}

async function createDataVolume(
  name: string,
  spec: Partial<DataVolumeSpec>,
  { namespace = 'demo', annotations = {} }: Placed = {},
) {
  const object: DataVolume = {
    apiVersion: 'cdi.kubevirt.io/v1beta1',
    kind: 'DataVolume',
    metadata: { name, namespace, annotations },
    spec: { storage: { resources: { requests: { storage: '1Gi' } } }, ...spec },
  }
  await bench.api.client.create(dataVolumeKind, object)
  await bench.run()
}

async function createClaim(name: string, spec: Partial<PersistentVolumeClaim['spec']> = {}) {
  const object: PersistentVolumeClaim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: 'demo' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1G' } }, ...spec },
  }
  await bench.api.client.create(persistentVolumeClaimKind, object)
  await bench.run()
}

const url = 'https://example.com/disk.qcow2'

describe('DataVolumes', () => {
  it('pass what Secrets and ConfigMaps hold to the importer', async () => {
    const specs: DiskSpec[] = []
    const { createDisk } = bench.host
    bench.host.createDisk = (spec) => {
      specs.push(spec)
      return createDisk(spec)
    }
    const meta = (name: string) => ({ apiVersion: 'v1', metadata: { name, namespace: 'demo' } })
    const base64 = (text: string) => Buffer.from(text).toString('base64')
    const data = { accessKeyId: base64('ann'), secretKey: base64('pass') }
    await bench.api.client.create(secretKind, { ...meta('login'), kind: 'Secret', data })
    const headers = { a: base64('X-Token: 1') }
    await bench.api.client.create(secretKind, { ...meta('headers'), kind: 'Secret', data: headers })
    await bench.api.client.create(configMapKind, { ...meta('ca'), kind: 'ConfigMap', data: { 'ca.crt': 'PEM' } })
    const http = {
      url,
      checksum: 'sha256:00',
      secretRef: 'login',
      certConfigMap: 'ca',
      extraHeaders: ['A: b'],
      secretExtraHeaders: ['headers'],
    }
    await createDataVolume('dv', { source: { http } })
    expect(specs).toEqual([
      {
        id: claimOf('dv')?.metadata.uid,
        name: 'demo/dv',
        sizeBytes: 2 ** 30,
        source: {
          type: 'http',
          url,
          checksum: 'sha256:00',
          caCertificates: 'PEM',
          headers: ['A: b', 'X-Token: 1'],
          basicAuth: { user: 'ann', password: 'pass' },
        },
      },
    ])
  })

  it('have the importer look their checksum up where their annotation says, unless it is explicit', async () => {
    const sources: DiskSpec['source'][] = []
    const { createDisk } = bench.host
    bench.host.createDisk = (spec) => {
      sources.push(spec.source)
      return createDisk(spec)
    }
    const annotations = { [checksumUrlAnnotation]: 'https://example.com/SHA256SUMS' }
    const checksum = 'sha256:00'
    await createDataVolume('listed', { source: { http: { url } } }, { annotations })
    await createDataVolume('explicit', { source: { http: { url, checksum } } }, { annotations })
    await createDataVolume('blank', { source: { blank: {} } }, { annotations })
    expect(sources).toEqual([
      { type: 'http', url, checksumUrl: 'https://example.com/SHA256SUMS' },
      { type: 'http', url, checksum },
      { type: 'blank' },
    ])
  })

  it('fail when their annotation names no address that a checksum file can be read from', async () => {
    const annotations = { [checksumUrlAnnotation]: 'file:///etc/passwd' }
    await createDataVolume('dv', { source: { http: { url } } }, { annotations })
    expect(bench.dataVolume('dv')?.status?.phase).toBe('Failed')
    expect(condition('dv', 'Running')?.message).toBe(
      '"file:///etc/passwd" in the annotation chiave.io/checksum-url is not an http:// or https:// address',
    )
  })

  it('made from a machine’s template pass the annotation on', async () => {
    const sources: DiskSpec['source'][] = []
    const { createDisk } = bench.host
    bench.host.createDisk = (spec) => {
      sources.push(spec.source)
      return createDisk(spec)
    }
    const vm = machine()
    const checksumUrl = 'https://example.com/SHA256SUMS'
    const [template] = vm.spec.dataVolumeTemplates ?? []
    if (template) template.metadata = { ...template.metadata, annotations: { [checksumUrlAnnotation]: checksumUrl } }
    await bench.api.client.create(virtualMachineKind, vm)
    await bench.run()
    expect(sources).toMatchObject([{ type: 'http', checksumUrl }])
  })

  it('wait for a ConfigMap that is missing, say so, and go on when it appears', async () => {
    await createDataVolume('dv', { source: { http: { url, certConfigMap: 'ca' } } })
    expect(condition('dv', 'Running')).toMatchObject({
      status: 'False',
      reason: 'Error',
      message: 'ConfigMap ca does not exist in namespace demo',
    })
    const configMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'ca', namespace: 'demo' },
      data: { a: 'PEM' },
    }
    await bench.api.client.create(configMapKind, configMap)
    await bench.run()
    expect(bench.dataVolume('dv')?.status?.phase).toBe('Succeeded')
  })

  it('try again with growing pauses what may succeed later, as CDI’s importer does', async () => {
    bench.host.slowDisks = true
    await createDataVolume('dv', { source: { http: { url } } })
    const id = claimOf('dv')?.metadata.uid ?? ''
    bench.host.setDisk(id, { phase: 'failed', retryable: true, message: 'the server does not answer' })
    await bench.run()
    expect(bench.dataVolume('dv')?.status?.phase).toBe('ImportInProgress')
    expect(condition('dv', 'Running')).toMatchObject({
      status: 'False',
      reason: 'Error',
      message: 'the server does not answer',
    })
    expect(reasons('dv')).toContain('ErrImportFailed')
    const tries = () => bench.host.calls.filter((call) => call.startsWith('createDisk')).length
    expect(tries()).toBe(1)
    await bench.run(16_000)
    expect(tries()).toBe(2)
    expect(bench.dataVolume('dv')?.status?.restartCount).toBe(1)
    expect(condition('dv', 'Running')?.status).toBe('True')
    bench.host.setDisk(id, { phase: 'ready' })
    await bench.run()
    expect(bench.dataVolume('dv')?.status?.phase).toBe('Succeeded')
    expect(condition('dv', 'Ready')?.status).toBe('True')
    expect(condition('dv', 'Running')).toMatchObject({ reason: 'Completed', message: 'Import Complete' })
  })

  it('fail for good with the reason when trying again cannot help', async () => {
    bench.host.slowDisks = true
    await createDataVolume('dv', { source: { http: { url } } })
    bench.host.setDisk(claimOf('dv')?.metadata.uid ?? '', {
      phase: 'failed',
      retryable: false,
      message: 'this is no disk image',
    })
    await bench.run(30_000)
    expect(bench.dataVolume('dv')?.status?.phase).toBe('Failed')
    expect(condition('dv', 'Running')?.message).toBe('this is no disk image')
    expect(bench.host.calls.filter((call) => call.startsWith('createDisk'))).toHaveLength(1)
  })

  it('fail with what the host refuses, and wait while it has no room', async () => {
    const { createDisk } = bench.host
    bench.host.createDisk = () => Promise.reject(new HypervisorError('NoSpace', 'the disk is full'))
    await createDataVolume('full', { source: { blank: {} } })
    expect(condition('full', 'Running')).toMatchObject({ reason: 'Error', message: 'the disk is full' })
    bench.host.createDisk = () => Promise.reject(new HypervisorError('Invalid', 'no such checksum'))
    await createDataVolume('wrong', { source: { http: { url, checksum: 'x' } } })
    expect(bench.dataVolume('wrong')?.status?.phase).toBe('Failed')
    bench.host.createDisk = createDisk
    await bench.run(20_000)
    expect(bench.dataVolume('full')?.status?.phase).toBe('Succeeded')
  })

  it.each<[string, Partial<DataVolumeSpec>, string]>([
    [
      'registry',
      { source: { registry: { url: 'docker://x' } } },
      'imports from a container registry are not available on this host',
    ],
    ['upload', { source: { upload: {} } }, 'uploads are not available on this host'],
    [
      'boot source',
      { sourceRef: { kind: 'DataSource', name: 'fedora' } },
      'boot sources (DataSource fedora) are not available on this host',
    ],
    [
      'file URL',
      { source: { http: { url: 'file:///etc/passwd' } } },
      '"file:///etc/passwd" is not an http:// or https:// address',
    ],
  ])('say at once that a %s is not available', async (_what, spec, message) => {
    await createDataVolume('dv', spec)
    expect(bench.dataVolume('dv')?.status?.phase).toBe('Failed')
    expect(condition('dv', 'Running')?.message).toBe(message)
    expect(claimOf('dv')).toBeUndefined()
  })

  it('copy a claim of another namespace when nobody writes to it, and take its size', async () => {
    await bench.api.client.create(virtualMachineKind, machine())
    await bench.run()
    await bench.api.client.create((await import('@/contract/kinds/core')).namespaceKind, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'other' },
    })
    await createDataVolume(
      'copy',
      { source: { pvc: { namespace: 'demo', name: 'one-root' } }, storage: {} },
      { namespace: 'other' },
    )
    expect(bench.dataVolume('copy')?.status?.phase).toBe('CloneScheduled')
    expect(reasons('copy')).toContain('CloneSourceInUse')
    const body = { spec: { runStrategy: 'Halted' } }
    await bench.api.client.patch(virtualMachineKind, { namespace: 'demo', name: 'one' }, { type: 'merge', body })
    await bench.run(15_000)
    expect(bench.dataVolume('copy')?.status).toMatchObject({ phase: 'Succeeded', claimName: 'copy' })
    expect(claimOf('copy')?.status?.capacity?.storage).toBe('1Gi')
    expect(reasons('copy')).toEqual(expect.arrayContaining(['CloneScheduled', 'CloneSucceeded']))
  })

  it('take their disk along when they are deleted in the middle', async () => {
    bench.host.slowDisks = true
    await createDataVolume('dv', { source: { http: { url } } })
    expect(bench.host.everything().disks).toHaveLength(1)
    await bench.api.client.delete(dataVolumeKind, { namespace: 'demo', name: 'dv' })
    await bench.run()
    expect(bench.host.everything().disks).toEqual([])
    expect(bench.api.all(persistentVolumeKind)).toEqual([])
  })

  it('leave a claim alone that is not theirs', async () => {
    await createClaim('dv')
    await createDataVolume('dv', { source: { blank: {} } })
    expect(bench.dataVolume('dv')?.status?.phase).toBe('Pending')
    expect(reasons('dv')).toContain('ErrResourceExists')
  })
})

describe('claims', () => {
  it('are given the default class and an empty disk, and are bound when it is there', async () => {
    await createClaim('plain')
    expect(claimOf('plain')).toMatchObject({
      spec: { storageClassName: 'chiave-local' },
      status: { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '954Mi' } },
    })
    const [volume] = bench.api.all(persistentVolumeKind)
    expect(volume).toMatchObject({
      spec: { csi: { volumeHandle: claimOf('plain')?.metadata.uid } },
      status: { phase: 'Bound' },
    })
    expect(bench.host.everything().disks).toMatchObject([
      { id: claimOf('plain')?.metadata.uid, sizeBytes: 954 * 2 ** 20 },
    ])
  })

  it('of another class are not touched', async () => {
    await createClaim('foreign', { storageClassName: 'other' })
    expect(claimOf('foreign')?.status?.phase).not.toBe('Bound')
    expect(bench.host.everything().disks).toEqual([])
  })

  it('stay while a machine uses them, and go afterwards with their disk', async () => {
    await createClaim('data')
    const vm = diskless()
    vm.spec.template.spec.volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }]
    await bench.api.client.create(virtualMachineKind, vm)
    await bench.run()
    await bench.api.client.delete(persistentVolumeClaimKind, { namespace: 'demo', name: 'data' })
    await bench.run()
    expect(claimOf('data')?.metadata.deletionTimestamp).toBeDefined()
    expect(bench.host.everything().disks).toHaveLength(1)
    await bench.api.client.delete(virtualMachineKind, { namespace: 'demo', name: 'one' })
    await bench.run(6_000)
    expect(claimOf('data')).toBeUndefined()
    expect(bench.host.everything().disks).toEqual([])
    expect(bench.api.all(persistentVolumeKind)).toEqual([])
  })

  it('grow when they are not in use, and say what they wait for when they are', async () => {
    await createClaim('data')
    const vm = diskless()
    vm.spec.template.spec.volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }]
    await bench.api.client.create(virtualMachineKind, vm)
    await bench.run()
    const ref = { namespace: 'demo', name: 'data' }
    const body = { spec: { resources: { requests: { storage: '2Gi' } } } }
    await bench.api.client.patch(persistentVolumeClaimKind, ref, { type: 'merge', body })
    await bench.run()
    expect(claimOf('data')?.status?.conditions).toMatchObject([
      { type: 'Resizing', message: 'waits until one is stopped' },
    ])
    const halt = { spec: { runStrategy: 'Halted' } }
    await bench.api.client.patch(virtualMachineKind, { namespace: 'demo', name: 'one' }, { type: 'merge', body: halt })
    await bench.run(6_000)
    expect(claimOf('data')?.status).toMatchObject({ capacity: { storage: '2Gi' } })
    expect(claimOf('data')?.status?.conditions).toBeUndefined()
    expect(bench.host.everything().disks[0]?.sizeBytes).toBe(2 * 2 ** 30)
  })

  it('are lost, not silently emptied, when their disk is gone', async () => {
    await createClaim('data')
    await bench.host.deleteDisk(claimOf('data')?.metadata.uid ?? '')
    await bench.run()
    expect(claimOf('data')?.status?.phase).toBe('Lost')
    expect(bench.host.everything().disks).toEqual([])
  })

  it('copy another claim that they name as their source', async () => {
    await createClaim('original')
    await createClaim('copy', { dataSource: { kind: 'PersistentVolumeClaim', name: 'original' } })
    expect(claimOf('copy')?.status?.phase).toBe('Bound')
    expect(bench.host.calls).toContain(`createDisk clone ${claimOf('copy')?.metadata.uid}`)
  })

  it('keep their disk when the class says Retain', async () => {
    const { storageClassKind } = await import('@/contract/kinds/core')
    await bench.api.client.create(storageClassKind, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'keep' },
      provisioner: 'local.chiave.io',
      reclaimPolicy: 'Retain',
    })
    await createClaim('data', { storageClassName: 'keep' })
    await bench.api.client.delete(persistentVolumeClaimKind, { namespace: 'demo', name: 'data' })
    await bench.run()
    expect(bench.api.all(persistentVolumeKind)).toMatchObject([{ status: { phase: 'Released' } }])
    expect(bench.host.everything().disks).toHaveLength(1)
  })
})

describe('owners', () => {
  it('go after their dependents when deleted in the foreground', async () => {
    await bench.api.client.create(virtualMachineKind, machine())
    await bench.run()
    await bench.api.client.delete(
      virtualMachineKind,
      { namespace: 'demo', name: 'one' },
      { propagationPolicy: 'Foreground' },
    )
    await bench.run(8_000)
    expect(bench.vm()).toBeUndefined()
    expect(bench.host.everything()).toEqual({ machines: [], disks: [] })
  })

  it('leave their dependents behind when told to', async () => {
    await bench.api.client.create(virtualMachineKind, machine())
    await bench.run()
    await bench.api.client.delete(
      virtualMachineKind,
      { namespace: 'demo', name: 'one' },
      { propagationPolicy: 'Orphan' },
    )
    await bench.run(8_000)
    expect(bench.vm()).toBeUndefined()
    expect(bench.vmi()?.status?.phase).toBe('Running')
    expect(bench.vmi()?.metadata.ownerReferences).toEqual([])
    expect(bench.api.all(podKind)).toHaveLength(1)
    expect(bench.host.everything().machines).toHaveLength(1)
  })
})
