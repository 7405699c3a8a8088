import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { isJsonObject, type JsonObject } from '@/contract/json'
import { type ApiServerOptions, startApiServer } from '../api-server'

export const adminToken = 'admin-token'
export const strangerToken = 'stranger-token'
export const consoleToken = 'console-token'

/** Where the tests' set-up has put the schemas. */
export const testSchemas = path.resolve(import.meta.dirname, '../../../.cache/schemas')

function user(name: string, token: string, groups: string[], mayImpersonate = false) {
  return { name, groups, mayImpersonate, tokenSha256: createHash('sha256').update(token).digest('hex') }
}

export const testUsers = [
  user('admin', adminToken, ['system:masters']),
  user('stranger', strangerToken, []),
  user('system:chiave:console', consoleToken, [], true),
]

export interface Answer {
  status: number
  headers: http.IncomingHttpHeaders
  text: string
  /** The parsed body, for tests to look into. */
  json: JsonObject & { metadata: JsonObject; items: (JsonObject & { metadata: JsonObject })[] }
}

export interface CallOptions {
  body?: unknown
  headers?: Record<string, string>
  token?: string | undefined
}

export interface WatchStream {
  /** The next event. Rejects when the stream has ended. */
  next(): Promise<{ type: string; object: JsonObject & { metadata: JsonObject } }>
  /** Resolves when the server has ended the stream. */
  ended: Promise<void>
  status: number
  close(): void
}

export interface TestServer {
  url: string
  port: number
  directory: string
  call(method: string, path: string, options?: CallOptions): Promise<Answer>
  watch(path: string, headers?: Record<string, string>): Promise<WatchStream>
  /** Ends the server; the state stays unless `remove`. */
  close(options?: { keep?: boolean }): Promise<void>
}

/** A real API server on a free port with a database of its own. */
export async function startTestServer(
  options: Partial<ApiServerOptions> & { directory?: string } = {},
): Promise<TestServer> {
  const { directory = mkdtempSync(path.join(tmpdir(), 'chiave-api-')), ...given } = options
  const api = await startApiServer({
    databasePath: path.join(directory, 'state.db'),
    schemasDirectory: testSchemas,
    encryptionKey: Buffer.alloc(32, 7),
    users: testUsers,
    ...given,
  })
  const server = http.createServer((request, response) => api.handleRequest(request, response))
  server.on('upgrade', (request, socket, head) => api.handleUpgrade(request, socket, head))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // it listens on TCP
  const agent = new http.Agent({ keepAlive: true })
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    directory,
    call: (method, target, call = {}) => send({ port, agent, method, target, ...call }),
    watch: (target, headers = {}) => openWatch({ port, target, headers }),
    close: async ({ keep = false } = {}) => {
      agent.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await api.close()
      if (!keep) rmSync(directory, { recursive: true, force: true })
    },
  }
}

interface Sending extends CallOptions {
  port: number
  agent: http.Agent
  method: string
  target: string
}

async function send({ port, agent, method, target, body, headers = {}, token = adminToken }: Sending): Promise<Answer> {
  const raw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const request = http.request(
      {
        port,
        host: '127.0.0.1',
        agent,
        method,
        path: target,
        headers: {
          ...(token === '' ? {} : { Authorization: `Bearer ${token}` }),
          ...(raw === undefined
            ? {}
            : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(raw) }),
          ...headers,
        },
      },
      resolve,
    )
    request.on('error', reject)
    request.end(raw)
  })
  const chunks: Buffer[] = []
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString('utf8')
  const isJson =
    response.headers['content-type']?.startsWith('application/json') && !response.headers['content-encoding']
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text,
    json: isJson && text !== '' ? JSON.parse(text) : {},
  }
}

async function openWatch({
  port,
  target,
  headers,
}: {
  port: number
  target: string
  headers: Record<string, string>
}): Promise<WatchStream> {
  const request = http.request({
    port,
    host: '127.0.0.1',
    path: target,
    agent: false,
    headers: { Authorization: `Bearer ${adminToken}`, ...headers },
  })
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    request.once('response', resolve)
    request.once('error', reject)
    request.end()
  })
  const events: { type: string; object: JsonObject & { metadata: JsonObject } }[] = []
  const waiting: { resolve: (event: (typeof events)[number]) => void; reject: (error: Error) => void }[] = []
  let rest = ''
  let over = false
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const event = JSON.parse(line)
      const first = waiting.shift()
      if (first) first.resolve(event)
      else events.push(event)
    }
  })
  const ended = new Promise<void>((resolve) => {
    response.once('close', () => {
      over = true
      for (const { reject } of waiting.splice(0)) reject(new Error('the watch has ended'))
      resolve()
    })
  })
  return {
    status: response.statusCode ?? 0,
    ended,
    next: () => {
      const event = events.shift()
      if (event) return Promise.resolve(event)
      if (over) return Promise.reject(new Error('the watch has ended'))
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }))
    },
    close: () => request.destroy(),
  }
}

export function configMap(name: string, data: Record<string, string> = {}, labels?: Record<string, string>) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...(labels ? { labels } : {}) }, data }
}

export const configMaps = '/api/v1/namespaces/default/configmaps'

/** A machine that every rule accepts. */
export function virtualMachine(name: string): JsonObject & { metadata: JsonObject; spec: JsonObject } {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name },
    spec: {
      runStrategy: 'Halted',
      template: {
        metadata: { labels: { 'kubevirt.io/domain': name } },
        spec: {
          domain: {
            devices: {
              disks: [{ name: 'root', disk: { bus: 'virtio' } }],
              interfaces: [{ name: 'default', masquerade: {} }],
            },
            memory: { guest: '128Mi' },
          },
          networks: [{ name: 'default', pod: {} }],
          volumes: [{ name: 'root', dataVolume: { name: `${name}-root` } }],
        },
      },
    },
  }
}

export const virtualMachines = '/apis/kubevirt.io/v1/namespaces/default/virtualmachines'

/** Creates an instance and says how a pod names it as its owner: other pods are refused. */
export async function instanceReference(server: TestServer, name: string): Promise<JsonObject> {
  const { apiVersion, metadata, spec } = virtualMachine(name)
  const template = isJsonObject(spec['template']) ? spec['template'] : {}
  const created = await server.call('POST', '/apis/kubevirt.io/v1/namespaces/default/virtualmachineinstances', {
    body: { apiVersion, kind: 'VirtualMachineInstance', metadata, spec: template['spec'] },
  })
  return { apiVersion, kind: 'VirtualMachineInstance', name, uid: created.json.metadata['uid'], controller: true }
}
