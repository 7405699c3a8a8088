import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectTcp, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createServer as createTls, type Server } from 'node:tls'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { secretKind } from '@/contract/kinds/core'
import { platformKind } from '@/contract/kinds/platform-chiave'
import { findKind } from '@/contract/kinds/registry'
import type { KubeObject } from '@/contract/kube-object'
import { createKubeClient } from '../cluster/client/kube-client'
import type { Identity } from '../cluster/connection'
import { createInClusterConnection } from '../cluster/in-cluster'
import type { KubeClient } from '../cluster/kube-client'
import { createTlsConnection } from '../cluster/tls-connection'
import { adminToken, startTestServer, type TestServer } from '../embedded/testing/start-test-server'
import { ensureCertificates } from '../home/certificates'
import { listen } from '../http/listen'
import { inClusterAddress } from '../supervisor/in-cluster-address'
import type { ConsoleConfig } from '../supervisor/process-config'
import { openRecords } from './open-records'
import { startPlatformProcess } from './platform'

const namespace = 'chiave-system'
const root = path.resolve(import.meta.dirname, '../..')
const log = pino({ level: 'silent' })

let api: TestServer
let directory: string
let admin: KubeClient
let closeAdmin: () => void
let front: Front

/** The API server over TLS, as pods reach it. */
interface Front {
  port: number
  caCertificate: string
  down: boolean
  close(): Promise<void>
}

beforeAll(async () => {
  api = await startTestServer()
  directory = mkdtempSync(path.join(tmpdir(), 'chiave-in-cluster-'))
  front = await startFront()
  const connection = createTlsConnection({
    name: 'test',
    server: new URL(api.url),
    credentials: async () => ({ headers: { authorization: `Bearer ${adminToken}` }, tls: {} }),
  })
  closeAdmin = () => connection.close()
  admin = createKubeClient(connection, { identity: { type: 'self' } })
  for (const file of ['service-accounts', 'console-access', 'operator-access', 'readers']) await deploy(file)
})
afterAll(async () => {
  closeAdmin()
  await front.close()
  await api.close()
  rmSync(directory, { recursive: true })
})

async function startFront(): Promise<Front> {
  const certificates = await ensureCertificates({ directory: path.join(directory, 'tls'), hosts: [] })
  const { cert, key } = await certificates.server('api')
  const sockets = new Set<Socket>()
  const server: Server = createTls({ cert, key }, (socket) => {
    if (made.down) return void socket.destroy()
    const upstream = connectTcp(api.port, '127.0.0.1')
    for (const end of [socket, upstream]) {
      sockets.add(end)
      end.on('error', () => end.destroy()).on('close', () => sockets.delete(end))
    }
    socket.pipe(upstream).pipe(socket)
  })
  // A TLS server listens as an HTTP server does.
  const port = await listen(server as unknown as Parameters<typeof listen>[0], '127.0.0.1', 0)
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  let down = false
  const made: Front = {
    port,
    caCertificate: certificates.ca.cert,
    get down() {
      return down
    },
    set down(value) {
      down = value
      if (down) cut()
    },
    close: async () => {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return made
}

/** Applies a file of deploy/ as it is. */
async function deploy(file: string): Promise<void> {
  for (const document of parseAllDocuments(readFileSync(path.join(root, 'deploy/base', `${file}.yaml`), 'utf8'))) {
    // Manifests of ours are objects with metadata.
    const object = document.toJS() as KubeObject
    const kind = findKind(object.apiVersion, object.kind)
    if (!kind) throw new Error(`no kind ${object.kind}`)
    await admin.create(kind, object)
  }
}

/** What a pod of this service account finds: its files, and where the API server is. */
async function podOf(account: string) {
  const files = mkdtempSync(path.join(directory, `${account}-`))
  const answer = await admin.raw('POST', `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {},
  })
  const { status } = answer as { status: { token: string } } // a TokenRequest's answer
  writeFileSync(path.join(files, 'token'), `${status.token}\n`)
  writeFileSync(path.join(files, 'ca.crt'), front.caCertificate)
  writeFileSync(path.join(files, 'namespace'), namespace)
  const environment = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(front.port) }
  return inClusterAddress({ serviceAccount: files }, environment)
}

async function consoleConfig(): Promise<ConsoleConfig> {
  return {
    process: 'console',
    root,
    host: '127.0.0.1',
    port: 0,
    publicHosts: [],
    connection: await podOf('chiave-console'),
    signIn: {},
    impersonate: false,
    stateDirectory: directory,
    loginUrlFile: path.join(directory, 'login-url'),
    version: '1.0.0',
  }
}

describe('with exactly the rights that deploy/ gives', () => {
  it('the console keeps its records in Secrets, and is ready only while it reaches them', async () => {
    const opened = await openRecords(await consoleConfig(), log)
    const sessions = await opened.records.open('sessions')
    await sessions.put('a', { who: 'anna' })
    await sessions.put('a', { who: 'bruno' })
    await sessions.delete('a')
    await sessions.put('b', { who: 'carla' })
    const kept = await admin.list(secretKind, { namespace, labelSelector: 'chiave.io/collection=sessions' })
    expect(kept.items).toHaveLength(1)
    await opened.readiness['records']?.()
    front.down = true
    await expect(opened.readiness['records']?.()).rejects.toThrow()
    expect(sessions.get('b')?.value).toEqual({ who: 'carla' })
    front.down = false
    await expect
      .poll(
        () =>
          opened.readiness['records']?.().then(
            () => 'ready',
            () => 'not',
          ),
        { timeout: 5_000 },
      )
      .toBe('ready')
    await opened.close()
  })

  it('the console acts as people, with their rights, and neither as an administrator’s group nor by itself', async () => {
    const { name, directory: files, environment } = await podOf('chiave-console')
    const connection = createInClusterConnection({ name, directory: files, environment })
    const as = (identity: Identity) => createKubeClient(connection, { identity })
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
    const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
    const anna = as({ type: 'person', user: 'anna', groups: ['system:authenticated'] })
    expect(await anna.raw('POST', path, review)).toMatchObject({ status: { userInfo: { username: 'anna' } } })
    await expect(anna.list(secretKind)).rejects.toMatchObject({ code: 403, message: expect.stringContaining('"anna"') })
    expect(await anna.list(platformKind)).toMatchObject({ kind: 'PlatformList' })
    const master = as({ type: 'person', user: 'anna', groups: ['system:masters'] })
    await expect(master.list(secretKind)).rejects.toMatchObject({ code: 403 })
    const self = as({ type: 'self' })
    await expect(self.list(secretKind)).rejects.toMatchObject({ code: 403 })
    await expect(self.list(secretKind, { namespace: 'kube-system' })).rejects.toMatchObject({ code: 403 })
    expect(await self.raw('GET', '/readyz')).toBeDefined()
    connection.close()
  })

  it('the operator leads and reports, and tells of its health', async () => {
    const stop = new AbortController()
    const running = await startPlatformProcess(
      {
        process: 'platform',
        connection: await podOf('chiave-operator'),
        candidate: 'operator-0',
        health: { host: '127.0.0.1', port: 0 },
        version: '1.2.3',
      },
      { log, signal: stop.signal },
    )
    const status = async () => (await admin.find(platformKind, { name: 'chiave' }))?.status
    await expect.poll(async () => (await status())?.operatorVersion, { timeout: 10_000 }).toBe('1.2.3')
    const components = (await status())?.components ?? []
    expect(components.filter(({ present }) => present).map(({ name }) => name)).toEqual(['kubevirt', 'cdi'])
    expect(components.find(({ name }) => name === 'kubevirt')?.message).toMatch(/not set up/)
    expect((await fetch(`${running.url}/readyz`)).status).toBe(200)
    expect(await (await fetch(`${running.url}/metrics`)).text()).toContain('chiave_operator_leader 1')
    front.down = true
    expect((await fetch(`${running.url}/readyz`)).status).toBe(503)
    front.down = false
    const stoppedAt = Date.now()
    await running.close()
    expect(Date.now() - stoppedAt).toBeLessThan(5_000)
  })
})
