import { execFile, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LiveMessage } from '@/contract/live'
import type { Connection, Identity } from '@/server/cluster/connection'
import { createKubeconfigConnection } from '@/server/cluster/kubeconfig'
import { createSocketConnection } from '@/server/cluster/socket-connection'
import { type ApiServer, startApiServer } from '@/server/embedded/api-server'
import { testSchemas } from '@/server/embedded/testing/start-test-server'
import { ensureCertificates } from '@/server/home/certificates'
import { duplexPair } from './duplex-pair.fixture'
import {
  call,
  endOf,
  eventually,
  fixedConnections,
  type GatewayFixture,
  openSocket,
  signIn,
  startFixture,
} from './gateway.fixture'

const run = promisify(execFile)
const tokens = { admin: randomBytes(16).toString('hex'), console: randomBytes(16).toString('hex') }
const sha256 = (token: string) => createHash('sha256').update(token).digest('hex')

let directory: string
let api: ApiServer
const servers: Server[] = []
let socketPath: string
let kubeconfigPath: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'chiave-embedded-'))
  api = await startApiServer({
    databasePath: join(directory, 'state.db'),
    schemasDirectory: testSchemas,
    encryptionKey: randomBytes(32),
    users: [
      { name: 'admin', groups: ['system:masters'], tokenSha256: sha256(tokens.admin) },
      { name: 'system:chiave:console', groups: [], tokenSha256: sha256(tokens.console), mayImpersonate: true },
    ],
    subresources: [
      {
        resource: 'virtualmachineinstances',
        subresource: 'console',
        method: 'GET',
        open: async ({ name }) => {
          if (name === 'absent') {
            const message = 'virtualmachineinstances.kubevirt.io "absent" not found'
            throw Object.assign(new Error(message), {
              status: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code: 404, message },
            })
          }
          const [ours, theirs] = duplexPair()
          ours.write('login: ')
          ours.on('data', (typed: Buffer) => ours.write(`you typed ${typed}`))
          return theirs
        },
      },
    ],
  })
  socketPath = join(directory, 'cluster.sock')
  const certificates = await ensureCertificates({ directory: join(directory, 'tls'), hosts: [] })
  const local = createHttpServer().listen(socketPath)
  const secure = createHttpsServer(await certificates.server('api')).listen(0, '127.0.0.1')
  for (const server of [local, secure]) {
    server.on('request', api.handleRequest).on('upgrade', api.handleUpgrade)
    servers.push(server)
    if (!server.listening) await once(server, 'listening')
  }
  kubeconfigPath = join(directory, 'kubeconfig')
  // An address object, since this one listens on TCP.
  const { port } = secure.address() as AddressInfo
  const cluster = {
    server: `https://127.0.0.1:${port}`,
    'certificate-authority-data': Buffer.from(certificates.ca.cert).toString('base64'),
  }
  await writeFile(kubeconfigPath, JSON.stringify(kubeconfig(cluster)))
})

afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  await api.close()
  await rm(directory, { recursive: true })
})

const kubeconfig = (cluster: object) => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'c', cluster }],
  users: [{ name: 'u', user: { token: tokens.admin } }],
  contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  'current-context': 'x',
})

const overSocket = (): Connection =>
  createSocketConnection({ name: 'local', socketPath, token: tokens.console, impersonate: true })
const overTls = (): Connection => createKubeconfigConnection({ name: 'local', kubeconfigPath })

describe.each<[string, () => Connection, Identity]>([
  ['its socket, as a person', overSocket, { type: 'person', user: 'admin', groups: ['system:masters'] }],
  ['TLS, as the kubeconfig’s user', overTls, { type: 'self' }],
])('the embedded cluster through the gateway over %s', (_name, connect, identity) => {
  let fixture: GatewayFixture
  let connection: Connection
  beforeAll(async () => {
    connection = connect()
    fixture = await startFixture({ connections: fixedConnections(connection), issueIdentity: () => identity })
  })
  afterAll(async () => {
    await fixture.stop()
    connection.close()
  })

  it('knows the person, takes a change and shows it live', async () => {
    const { headers, info } = await signIn(fixture)
    expect(info).toMatchObject({ user: 'admin', groups: expect.arrayContaining(['system:masters']) })
    const live = openSocket(fixture, '/live', headers)
    const messages: LiveMessage[] = []
    live.on('message', (data) => messages.push(JSON.parse(String(data)) as LiveMessage))
    await once(live, 'open')
    const query = { cluster: 'local', group: '', version: 'v1', plural: 'configmaps', namespace: 'default' }
    live.send(JSON.stringify({ op: 'subscribe', id: 1, query }))
    await eventually(() => messages[0]).toMatchObject({ id: 1, type: 'snapshot' })
    const name = `made-${randomBytes(4).toString('hex')}`
    const path = '/k8s/local/api/v1/namespaces/default/configmaps'
    const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })
    const created = await call(fixture, {
      method: 'POST',
      path,
      headers: { ...headers, 'content-type': 'application/json' },
      body,
    })
    expect(created.status).toBe(201)
    await eventually(() => messages.at(-1)).toMatchObject({
      type: 'events',
      events: [{ type: 'ADDED', object: { kind: 'ConfigMap', metadata: { name } } }],
    })
    live.close()
  })

  it('brings a machine’s serial console to the browser, and the cluster’s refusal', async () => {
    const { headers } = await signIn(fixture)
    const console = openSocket(fixture, '/consoles/local/default/vm/serial', headers)
    let screen = ''
    console.on('message', (data) => {
      screen += data
    })
    await once(console, 'open')
    await eventually(() => screen).toBe('login: ')
    console.send('root')
    await eventually(() => screen).toBe('login: you typed root')
    console.close()
    expect(await endOf(openSocket(fixture, '/consoles/local/default/absent/serial', headers))).toEqual({
      code: 4404,
      reason: 'virtualmachineinstances.kubevirt.io "absent" not found',
    })
  })

  it.skipIf(spawnSync('kubectl', ['version', '--client']).status !== 0)(
    'is the cluster’s API for kubectl with a token of its own (needs kubectl)',
    async () => {
      // kubectl sends no token where there is no TLS.
      const certificates = await ensureCertificates({ directory: join(directory, 'tls'), hosts: [] })
      const secure = await startFixture({
        connections: fixedConnections(connection),
        tls: await certificates.server('console'),
      })
      try {
        const path = join(secure.directory, 'kubeconfig')
        const cluster = {
          server: `${secure.gateway.url}/k8s/local`,
          'certificate-authority-data': Buffer.from(certificates.ca.cert).toString('base64'),
        }
        await writeFile(path, JSON.stringify(kubeconfig(cluster)))
        const kubectl = async (...args: string[]) => (await run('kubectl', ['--kubeconfig', path, ...args])).stdout
        expect(await kubectl('get', 'namespaces', '-o', 'name')).toContain('namespace/default')
        expect(await kubectl('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}')).toBe('admin')
        await kubectl('create', 'configmap', 'by-kubectl', '--from-literal', 'a=b')
        await kubectl('delete', 'configmap', 'by-kubectl')
      } finally {
        await secure.stop()
      }
    },
  )
})
