import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureCertificates } from '@/server/home/certificates'
import { listen } from '@/server/http/listen'
import { openPeerRequest } from './forward'

let directory: string
let server: Server
let port: number
let fingerprint: string
const seen: string[] = []

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'chiave-peers-'))
  const certificates = await ensureCertificates({ directory, hosts: [] })
  const { cert, key } = await certificates.server('console')
  fingerprint = new X509Certificate(cert).fingerprint256
  server = createServer({ cert, key }, (request, response) => {
    seen.push(String(request.headers.cookie))
    request.pipe(response)
  })
  port = await listen(server, '127.0.0.1', 0)
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await rm(directory, { recursive: true })
})

const peer = (more: object) => ({ bootId: 'boot-two', address: '127.0.0.1', port, fingerprint, ...more })
const call = { method: 'PUT', url: '/uploads/x', headers: { cookie: 'secret', host: 'console.example' } }

test('a replica is asked over TLS when it shows the certificate it is known by', async () => {
  const request = await openPeerRequest(peer({}), call)
  request.end('body')
  const [answer] = await once(request, 'response')
  expect(await text(answer)).toBe('body')
  expect(seen).toEqual(['secret'])
})

test('nothing is sent to one that shows another certificate, or does not listen', async () => {
  seen.length = 0
  const other = fingerprint.replace(/^../, (first) => (first === '00' ? '01' : '00'))
  await expect(openPeerRequest(peer({ fingerprint: other }), call)).rejects.toThrow('another certificate')
  await expect(openPeerRequest(peer({ port: 1 }), call)).rejects.toThrow('ECONNREFUSED')
  expect(seen).toEqual([])
})
