import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ensureCertificates } from '@/server/home/certificates'
import { createInClusterConnection, NotInCluster } from './in-cluster'

let directory: string
let server: Server
let environment: Record<string, string>

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'chiave-pod-'))
  const certificates = await ensureCertificates({ directory: join(directory, 'tls'), hosts: ['127.0.0.1'] })
  const { cert, key } = await certificates.server('cluster')
  server = createServer({ cert, key }, (request, response) => {
    const { authorization } = request.headers
    response.statusCode = authorization === 'Bearer stale' ? 401 : 200
    response.end(authorization)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  mkdirSync(join(directory, 'account'))
  writeFileSync(join(directory, 'account/token'), 'first\n')
  writeFileSync(join(directory, 'account/namespace'), 'chiave-system\n')
  writeFileSync(join(directory, 'account/ca.crt'), certificates.ca.cert)
  // It listens on TCP.
  const { port } = server.address() as AddressInfo
  environment = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(port) }
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
  rmSync(directory, { recursive: true })
})

const connect = () => createInClusterConnection({ name: 'cluster', directory: join(directory, 'account'), environment })

it('speaks as the pod’s service account, with the cluster’s own CA', async () => {
  const connection = connect()
  expect(connection).toMatchObject({ name: 'cluster', namespace: 'chiave-system' })
  const answer = await connection.request({ method: 'GET', path: '/', identity: { type: 'self' } })
  expect(await text(answer)).toBe('Bearer first')
  const person = await connection.request({ method: 'GET', path: '/', identity: { type: 'token', token: 'own' } })
  expect(await text(person)).toBe('Bearer own')
  connection.close()
})

it('says in one sentence that this is no pod', () => {
  expect(() => createInClusterConnection({ name: 'x', directory, environment: {} })).toThrow(NotInCluster)
  expect(() => createInClusterConnection({ name: 'x', directory, environment })).toThrow(/no service account/)
  writeFileSync(join(directory, 'account/token'), '')
  expect(connect).toThrow(/empty/)
})
