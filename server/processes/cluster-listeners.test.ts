import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import tls from 'node:tls'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startApiServer } from '../embedded/api-server'
import { ensureCertificates } from '../home/certificates'
import { listen } from './cluster-listeners'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'chiave-listeners-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

/** Opens a connection; the serial number of the certificate that the server showed on it. */
async function connect(port: number, ca: string): Promise<{ socket: tls.TLSSocket; serial: string }> {
  const socket = tls.connect({ host: '127.0.0.1', port, ca })
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
  return { socket, serial: socket.getPeerCertificate().serialNumber }
}

test('a renewed certificate is shown on new connections, and the open ones go on', async () => {
  const certificates = await ensureCertificates({ directory: path.join(directory, 'tls'), hosts: [] })
  const api = await startApiServer({
    databasePath: path.join(directory, 'state.db'),
    encryptionKey: Buffer.alloc(32, 1),
    users: [],
  })
  const port = await freePort()
  const first = await certificates.server('api')
  const listeners = await listen(
    {
      socketPath: path.join(directory, 'api.sock'),
      https: { host: '127.0.0.1', port, certificate: first.cert, key: first.key, advertisedUrl: '' },
    },
    api,
    pino({ level: 'silent' }),
  )
  const before = await connect(port, certificates.ca.cert)
  const renewed = await certificates.renew('api')
  listeners.takeTls({ certificate: renewed.cert, key: renewed.key })
  const after = await connect(port, certificates.ca.cert)
  expect(after.serial).not.toBe(before.serial)
  const answer = new Promise<string>((resolve) => before.socket.once('data', (chunk) => resolve(chunk.toString())))
  before.socket.write('GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n')
  expect(await answer).toMatch(/^HTTP\/1\.1 200 /)
  for (const { socket } of [before, after]) socket.destroy()
  await listeners.close()
  await api.close()
})
