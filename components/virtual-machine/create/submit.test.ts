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
let store: Map<string, Record<string, unknown>>
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
      const url = new URL(request.url ?? '', 'http://a')
      const body = text === '' ? {} : (JSON.parse(text) as { metadata?: { name: string } })
      const path = url.pathname.replace('/k8s/local', '')
      const plural = path.split('/').slice(path.includes('/secrets') || path.includes('/api/v1') ? 5 : 6)[0] ?? ''
      const name = request.method === 'POST' ? body.metadata?.name : path.split('/').at(-1)
      const key = `${plural}/${name}`
      const call = `${request.method} ${key}${url.searchParams.has('dryRun') ? ' dry' : ''}`
      if (request.method !== 'GET') log.push(call)
      const answer = (code: number, object: unknown) => {
        response.writeHead(code, { 'content-type': 'application/json' })
        response.end(JSON.stringify(object))
      }
      const status = (code: number, reason: string) =>
        answer(code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: `${reason} ${key}` })
      const refusal = refuse(call)
      if (refusal) return status(refusal, 'Forbidden')
      const stored = store.get(key)
      if (request.method === 'POST') {
        if (stored) return status(409, 'AlreadyExists')
        const object = { ...body, metadata: { ...body.metadata, uid: `uid-${name}` } }
        if (!url.searchParams.has('dryRun')) store.set(key, object)
        return answer(201, object)
      }
      if (!stored) return status(404, 'NotFound')
      if (request.method === 'DELETE') store.delete(key)
      if (request.method === 'PATCH') {
        store.set(key, { ...stored, metadata: { ...(stored['metadata'] as object), ...body.metadata } })
      }
      return answer(200, store.get(key) ?? { kind: 'Status', status: 'Success' })
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

afterEach(() => new Promise((resolve) => server.close(resolve)))

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
    expect(log[0]).toBe('DELETE secrets/web-cloudinit')
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
