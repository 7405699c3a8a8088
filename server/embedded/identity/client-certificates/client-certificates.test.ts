import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isJsonObject, type JsonObject } from '@/contract/json'
import { ensureCertificates } from '@/server/home/certificates'
import { type ApiServer, startApiServer } from '../../api-server'
import { adminToken, testUsers } from '../../testing/start-test-server'

const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
let directory: string
let api: ApiServer
let server: https.Server
let port: number
let serverCertificate: string

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'chiave-client-certificates-'))
  api = await startApiServer({
    databasePath: path.join(directory, 'state.db'),
    encryptionKey: Buffer.alloc(32, 1),
    users: testUsers,
  })
  const certificates = await ensureCertificates({ directory: path.join(directory, 'tls'), hosts: [] })
  serverCertificate = certificates.ca.cert
  const listener = { ...(await certificates.server('api')), requestCert: true, rejectUnauthorized: false }
  server = https.createServer({ ...listener, ca: await api.clientAuthority() }, (request, response) =>
    api.handleRequest(request, response),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port // it listens on TCP
}, 60_000)
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await api.close()
  rmSync(directory, { recursive: true, force: true })
})

interface Sending {
  token?: string
  pair?: { cert: string; key: string } | undefined
  body?: unknown
  headers?: Record<string, string>
}

async function call(method: string, target: string, { token, pair, body, headers = {} }: Sending = {}) {
  const raw = body === undefined ? undefined : JSON.stringify(body)
  const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` }
  const options = {
    host: '127.0.0.1',
    port,
    method,
    path: target,
    ca: serverCertificate,
    agent: false,
    headers: { 'Content-Type': 'application/json', ...authorization, ...headers },
    ...pair,
  } as const
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    https.request(options, resolve).on('error', reject).end(raw)
  })
  let text = ''
  for await (const chunk of answer.setEncoding('utf8')) text += String(chunk)
  const json: unknown = text.startsWith('{') ? JSON.parse(text) : {}
  return { status: answer.statusCode, json: isJsonObject(json) ? json : {} }
}

const admin = (method: string, target: string, body?: unknown) => call(method, target, { token: adminToken, body })

/** A certificate that nobody but itself vouches for. */
function makeForeign(subject: string): { key: string; cert: string } {
  const file = (suffix: string) => path.join(directory, `foreign.${suffix}`)
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', subject, '-keyout', file('key'), '-out', file('crt')],
    { stdio: 'ignore' },
  )
  return { key: readFileSync(file('key'), 'utf8'), cert: readFileSync(file('crt'), 'utf8') }
}

/** A key and a request for a certificate, as `openssl req` makes them. */
function makeRequest(name: string, subject: string): { key: string; request: string } {
  const file = (suffix: string) => path.join(directory, `${name}.${suffix}`)
  execFileSync(
    'openssl',
    ['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', file('key'), '-out', file('csr'), '-subj', subject],
    { stdio: 'ignore' },
  )
  return { key: readFileSync(file('key'), 'utf8'), request: readFileSync(file('csr'), 'utf8') }
}

function signingRequest(name: string, request: string, spec: object = {}) {
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: {
      request: Buffer.from(request).toString('base64'),
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['client auth'],
      username: 'someone-else',
      ...spec,
    },
  }
}

const status = async (name: string) => (await admin('GET', `${requests}/${name}`)).json['status'] as JsonObject // as served

async function approve(name: string, type = 'Approved') {
  const { json } = await admin('GET', `${requests}/${name}`)
  const conditions = [{ type, status: 'True', reason: 'Test', message: 'by a test' }]
  return admin('PUT', `${requests}/${name}/approval`, { ...json, status: { conditions } })
}

async function issue(name: string, subject: string): Promise<{ cert: string; key: string }> {
  const { key, request } = makeRequest(name, subject)
  expect((await admin('POST', requests, signingRequest(name, request))).status).toBe(201)
  expect((await approve(name)).status).toBe(200)
  await expect.poll(async () => (await status(name))['certificate'], { timeout: 20_000 }).toBeTypeOf('string')
  return { key, cert: Buffer.from(String((await status(name))['certificate']), 'base64').toString() }
}

const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
const whoAmI = async (sending: Sending) =>
  (await call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { ...sending, body: review })).json['status']

describe('a client certificate', { timeout: 60_000 }, () => {
  test('is issued on approval and makes its holder the person it names', async () => {
    const pair = await issue('jane', '/O=dev/O=ops/CN=jane')
    expect((await admin('GET', `${requests}/jane`)).json['spec']).toMatchObject({ username: 'admin' })
    expect(await whoAmI({ pair })).toMatchObject({
      userInfo: { username: 'jane', groups: ['dev', 'ops', 'system:authenticated'] },
    })
    expect((await call('GET', '/api/v1/pods', { pair })).json['message']).toBe(
      'pods is forbidden: User "jane" cannot list resource "pods" in API group "" at the cluster scope',
    )
  })

  test('of another authority proves nothing, not even nobody', async () => {
    const pair = makeForeign('/O=system:masters/CN=admin')
    expect((await call('GET', '/version', { pair })).status).toBe(401)
    expect(await whoAmI({ pair, token: adminToken })).toMatchObject({ userInfo: { username: 'admin' } })
  })

  test('is not issued before approval, when denied, or for the group that may do all', async () => {
    const { request } = makeRequest('waiting', '/CN=waiting')
    await admin('POST', requests, signingRequest('waiting', request))
    expect(await status('waiting')).toBeUndefined()
    await approve('waiting', 'Denied')
    expect((await status('waiting'))['certificate']).toBeUndefined()
    const masters = makeRequest('masters', '/O=system:masters/CN=root')
    await admin('POST', requests, signingRequest('masters', masters.request))
    await approve('masters')
    await expect
      .poll(async () => JSON.stringify(await status('masters')), { timeout: 20_000 })
      .toContain('with system:masters group is not allowed')
  })

  test('is approved only by those who may approve for the signer', async () => {
    const rbac = '/apis/rbac.authorization.k8s.io/v1'
    const role = (name: string, rules: object[]) => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name },
      rules,
    })
    const group = 'certificates.k8s.io'
    const update = { apiGroups: [group], resources: ['certificatesigningrequests/approval'], verbs: ['update'] }
    await admin('POST', `${rbac}/clusterroles`, role('approver', [update]))
    const bind = (name: string) =>
      admin('POST', `${rbac}/clusterrolebindings`, {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: name.replaceAll(':', '-') },
        roleRef: { kind: 'ClusterRole', name },
        subjects: [{ kind: 'User', name: 'carl' }],
      })
    await bind('approver')
    const { request } = makeRequest('asked', '/CN=asked')
    const { json } = await admin('POST', requests, signingRequest('asked', request))
    const conditions = [{ type: 'Approved', status: 'True', reason: 'r', message: 'm' }]
    const put = () =>
      call('PUT', `${requests}/asked/approval`, {
        token: adminToken,
        headers: { 'Impersonate-User': 'carl' },
        body: { ...json, status: { conditions } },
      })
    expect((await put()).json['message']).toBe(
      'certificatesigningrequests.certificates.k8s.io "asked" is forbidden: user not permitted to approve requests with signerName "kubernetes.io/kube-apiserver-client"',
    )
    await bind('system:certificates.k8s.io:kube-apiserver-client-approver')
    expect((await put()).status).toBe(200)
  })
})
