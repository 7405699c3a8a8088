import { mkdtemp, rm } from 'node:fs/promises'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ConfigMap, configMapKind, nodeKind } from '@/contract/kinds/core'
import { virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import type { Connection } from '../connection'
import { createSocketConnection } from '../socket-connection'
import { createKubeClient } from './kube-client'

interface Seen {
  method: string
  url: string
  headers: http.IncomingHttpHeaders
  body: string
}

let directory: string
let server: http.Server
let connection: Connection
const seen: Seen[] = []
let answer: (request: IncomingMessage, response: ServerResponse) => void

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'chiave-client-'))
  server = http.createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() })
      answer(request, response)
    })
  })
  const socketPath = join(directory, 'api.sock')
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  connection = createSocketConnection({ name: 'local', socketPath, token: 'secret' })
})
beforeEach(() => {
  seen.length = 0
  json({})
})
afterAll(async () => {
  connection.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await rm(directory, { recursive: true })
})

function json(body: unknown, code = 200) {
  answer = (_request, response) => {
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
}

const client = (timeoutMs?: number) =>
  createKubeClient(connection, {
    identity: { type: 'self' },
    userAgent: 'test',
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  })
const ref = { namespace: 'a', name: 'one' }
const object: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: ref }
const path = '/api/v1/namespaces/a/configmaps'

describe('the client', () => {
  it('speaks each verb as the API expects it, and says who writes', async () => {
    const api = client()
    await api.get(configMapKind, ref)
    await api.create(configMapKind, object, { fieldManager: 'me' })
    await api.update(configMapKind, object, { dryRun: true })
    await api.updateStatus(nodeKind, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } })
    // A kind without status subresource: the object itself is written.
    const vmi = {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachineInstance',
      metadata: ref,
      spec: { domain: { devices: {} } },
    }
    await api.updateStatus(virtualMachineInstanceKind, vmi)
    await api.patch(configMapKind, ref, { type: 'merge', body: { data: null } })
    await api.patch(configMapKind, ref, { type: 'json', body: [] })
    await api.patch(configMapKind, { ...ref, subresource: 'status' }, { type: 'apply', body: object, force: true })
    await api.delete(configMapKind, ref, { propagationPolicy: 'Orphan', preconditions: { uid: 'u' } })
    expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
      `GET ${path}/one`,
      `POST ${path}?fieldManager=me`,
      `PUT ${path}/one?dryRun=All`,
      'PUT /api/v1/nodes/n/status',
      'PUT /apis/kubevirt.io/v1/namespaces/a/virtualmachineinstances/one',
      `PATCH ${path}/one`,
      `PATCH ${path}/one`,
      `PATCH ${path}/one/status?force=true`,
      `DELETE ${path}/one`,
    ])
    expect(seen.slice(5, 8).map(({ headers }) => headers['content-type'])).toEqual([
      'application/merge-patch+json',
      'application/json-patch+json',
      'application/apply-patch+yaml',
    ])
    expect(JSON.parse(seen[8]?.body ?? '')).toMatchObject({ propagationPolicy: 'Orphan', preconditions: { uid: 'u' } })
    expect(seen[0]?.headers).toMatchObject({ authorization: 'Bearer secret', 'user-agent': 'test' })
  })

  it('lists with selectors and pages, and completes the items’ type', async () => {
    json({ kind: 'ConfigMapList', apiVersion: 'v1', metadata: { continue: 'more' }, items: [{ metadata: ref }] })
    const list = await client().list(configMapKind, { namespace: 'a', labelSelector: 'a=b,c', limit: 2, continue: 'x' })
    expect(seen[0]?.url).toBe(`${path}?labelSelector=a%3Db%2Cc&limit=2&continue=x`)
    expect(list.items).toEqual([object])
    expect(list.metadata.continue).toBe('more')
  })

  it('rejects with the server’s own Status, and finds nothing where nothing is', async () => {
    json({ kind: 'Status', status: 'Failure', message: 'not yours', reason: 'Forbidden', code: 403 }, 403)
    await expect(client().get(configMapKind, ref)).rejects.toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: 'not yours',
    })
    json({ kind: 'Status', status: 'Failure', code: 404 }, 404)
    await expect(client().find(configMapKind, ref)).resolves.toBeUndefined()
    await expect(client().delete(configMapKind, ref)).resolves.toBeUndefined()
    answer = (_request, response) => response.writeHead(500, { 'content-type': 'text/plain' }).end('no agent\n')
    await expect(client().raw('GET', '/x')).rejects.toMatchObject({ code: 500, message: 'no agent' })
  })

  it('accepts anything from calls outside the verbs', async () => {
    answer = (_request, response) => response.writeHead(202).end()
    await expect(client().raw('PUT', '/x', { paused: true })).resolves.toBeUndefined()
    expect(seen[0]).toMatchObject({ body: '{"paused":true}', headers: { accept: 'application/json, */*' } })
  })

  it('does not wait for ever for an answer', async () => {
    answer = () => undefined
    await expect(client(50).get(configMapKind, ref)).rejects.toThrow()
  })

  it('yields events as they come, whatever the stream’s pieces, and ends after an ERROR', async () => {
    const lines = [
      { type: 'ADDED', object: { ...object, data: { text: 'è già qui' } } },
      { type: 'BOOKMARK', object: { metadata: { resourceVersion: '7' } } },
      { type: 'ERROR', object: { kind: 'Status', code: 410 } },
      { type: 'ADDED', object },
    ]
    const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
    answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      let at = 0
      const next = () => {
        if (at >= bytes.length) return
        response.write(bytes.subarray(at, (at += 7)))
        setImmediate(next)
      }
      next()
    }
    const events: unknown[] = []
    for await (const event of client().watch(configMapKind, { resourceVersion: '5', allowWatchBookmarks: true })) {
      events.push(event)
    }
    expect(seen[0]?.url).toBe('/api/v1/configmaps?watch=true&resourceVersion=5&allowWatchBookmarks=true')
    expect(events).toEqual(lines.slice(0, 3))
  })

  it('ends a watch quietly when it is stopped', async () => {
    answer = (_request, response) => response.writeHead(200).write(`${JSON.stringify({ type: 'ADDED', object })}\n`)
    const stop = new AbortController()
    const events: unknown[] = []
    for await (const event of client().watch(configMapKind, { signal: stop.signal })) {
      events.push(event)
      stop.abort()
    }
    expect(events).toHaveLength(1)
  })
})
