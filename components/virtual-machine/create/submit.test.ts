import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { buildCreateVirtualMachine } from '@/contract/builders/create-virtual-machine'
import type { CreateVirtualMachineForm } from '@/contract/builders/create-virtual-machine-form'
import { createKubeApi, type KubeApi } from '../../kube/api'
import { submitMachine } from './submit'

/** A small API server: stores what it is given, refuses what a test tells it to. */
let server: Server
let api: KubeApi
let store: Map<string, Body>
let log: string[]
let refuse: (call: string) => number | undefined

beforeEach(async () => {
  store = new Map()
  log = []
  refuse = () => undefined
  server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk) => {
      text += String(chunk)
    })
    request.on('end', () => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://a')
      const [code, object] = answer(request.method ?? '', pathname, {
        dryRun: searchParams.has('dryRun'),
        // Whoever calls sends an object.
        body: text === '' ? {} : (JSON.parse(text) as Body),
      })
      response.writeHead(code, { 'content-type': 'application/json' })
      response.end(JSON.stringify(object))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A listening TCP server has an address with a port.
  const { port } = server.address() as AddressInfo
  api = createKubeApi({
    cluster: 'local',
    csrfToken: 't',
    onSignedOut: () => undefined,
    origin: `http://127.0.0.1:${port}`,
  })
})

interface Body {
  metadata?: { name?: string; labels?: Record<string, string> }
}

function answer(method: string, path: string, { dryRun, body }: { dryRun: boolean; body: Body }): [number, unknown] {
  const [, plural = '', inPath = ''] = /\/namespaces\/n\/([^/]+)(?:\/([^/]+))?$/.exec(path) ?? []
  const name = inPath || body.metadata?.name
  const key = `${plural}/${name}`
  const call = `${method} ${key}${dryRun ? ' dry' : ''}`
  if (method !== 'GET') log.push(call)
  const stored = store.get(key)
  const refused = refuse(call)
  if (refused) return status(refused, `Forbidden ${key}`)
  if (method === 'POST') {
    if (stored) return status(409, `AlreadyExists ${key}`)
    const object = { ...body, metadata: { ...body.metadata, uid: `uid-${name}` } }
    if (!dryRun) store.set(key, object)
    return [201, object]
  }
  if (!stored) return status(404, `NotFound ${key}`)
  if (method === 'DELETE') store.delete(key)
  if (method !== 'PATCH') return [200, stored]
  const patched = { ...stored, metadata: { ...stored.metadata, ...body.metadata } }
  store.set(key, patched)
  return [200, patched]
}

function status(code: number, message: string): [number, unknown] {
  return [code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason: message.split(' ')[0], message }]
}

afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const form: CreateVirtualMachineForm = {
  image: 'debian-12',
  source: {
    type: 'http',
    url: 'http://a/b',
    checksum: `sha256:${'0a'.repeat(32)}`,
    checksumUrl: '',
    certConfigMap: '',
  },
  firmware: 'default',
  name: 'web',
  namespace: 'n',
  cpus: 1,
  memory: '1Gi',
  diskSize: '4Gi',
  start: true,
  seed: 'cloud-init',
  user: 'debian',
  password: 'k7mxq-3dvp9-wfh2t',
  sshKeys: [],
}
const objects = buildCreateVirtualMachine(form)
const submit = () => submitMachine(api, objects, () => undefined)

describe('creating a machine', () => {
  test('is checked before anything is made, and ties everything to the machine', async () => {
    expect(await submit()).toMatchObject({ created: { metadata: { name: 'web' } }, notOwned: [] })
    expect(log).toEqual([
      'POST secrets/web-cloudinit dry',
      'POST datavolumes/web-root dry',
      'POST virtualmachines/web dry',
      'POST secrets/web-cloudinit',
      'POST datavolumes/web-root',
      'POST virtualmachines/web',
      'PATCH secrets/web-cloudinit',
      'PATCH datavolumes/web-root',
    ])
    for (const key of ['secrets/web-cloudinit', 'datavolumes/web-root']) {
      expect(store.get(key)).toMatchObject({ metadata: { ownerReferences: [{ name: 'web', uid: 'uid-web' }] } })
    }
  })

  test('makes nothing when the dry run is refused', async () => {
    refuse = (call) => (call === 'POST virtualmachines/web dry' ? 403 : undefined)
    expect(await submit()).toMatchObject({ failure: { code: 403 }, leftBehind: [] })
    expect(store.size).toBe(0)
  })

  test('removes what it had made when the machine is refused in the end', async () => {
    refuse = (call) => (call === 'POST virtualmachines/web' ? 422 : undefined)
    expect(await submit()).toMatchObject({ failure: { code: 422 }, leftBehind: [] })
    expect(store.size).toBe(0)
  })

  test('names what it could not remove', async () => {
    refuse = (call) => (/^(POST virtualmachines\/web|DELETE secrets.*)$/.test(call) ? 403 : undefined)
    const result = await submit()
    expect('leftBehind' in result && result.leftBehind).toEqual([
      'Secret web-cloudinit (Forbidden secrets/web-cloudinit)',
    ])
  })

  test('takes over what an interrupted attempt left', async () => {
    store.set('secrets/web-cloudinit', {
      metadata: { name: 'web-cloudinit', labels: { 'chiave.io/virtual-machine': 'web' } },
    })
    expect(await submit()).toMatchObject({ created: {} })
    expect(log.slice(0, 3)).toEqual([
      'POST secrets/web-cloudinit dry',
      'DELETE secrets/web-cloudinit',
      'POST secrets/web-cloudinit dry',
    ])
  })

  test('does not touch a Secret of that name that is somebody else’s', async () => {
    store.set('secrets/web-cloudinit', { metadata: { name: 'web-cloudinit' } })
    expect(await submit()).toMatchObject({ failure: { code: 409 } })
    expect(store.has('secrets/web-cloudinit')).toBe(true)
    expect(log.some((call) => call.startsWith('DELETE'))).toBe(false)
  })

  test('says what will stay when it could not be tied to the machine', async () => {
    refuse = (call) => (call === 'PATCH secrets/web-cloudinit' ? 403 : undefined)
    const result = await submit()
    expect('created' in result && result.notOwned).toHaveLength(1)
  })
})
