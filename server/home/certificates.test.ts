import { execFile, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ensureCertificates, type ServerCertificate } from './certificates'

const run = promisify(execFile)
const has = (command: string, ...args: string[]) => spawnSync(command, args).status === 0
const day = 24 * 60 * 60 * 1000

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'chiave-certificates-'))
})
afterEach(() => rm(directory, { recursive: true }))

async function serve(pair: ServerCertificate) {
  const server = createServer({ ...pair, minVersion: 'TLSv1.3' }, (_request, response) => {
    response.setHeader('content-type', 'application/json').end('{"major":"1","minor":"33","gitVersion":"v1.33.0"}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  // An address object, since the server listens on TCP.
  return { server, port: (server.address() as AddressInfo).port }
}

function get(options: { port: number; ca: string; servername?: string; host?: string }): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', agent: false, ...options }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
}

describe('the instance’s certificates', () => {
  it('are accepted by a client that trusts the CA, by address, localhost and each host name', async () => {
    const certificates = await ensureCertificates({ directory, hosts: ['nas.example', '192.0.2.7', '[2001:db8::1]'] })
    const pair = await certificates.server('console')
    const { server, port } = await serve(pair)
    try {
      const ca = certificates.ca.cert
      expect(await get({ port, ca })).toBe(200)
      expect(await get({ port, ca, servername: 'localhost' })).toBe(200)
      expect(await get({ port, ca, servername: 'nas.example' })).toBe(200)
      await expect(get({ port, ca, servername: 'other.example' })).rejects.toThrow(/altnames/)
      const leaf = new X509Certificate(pair.cert)
      for (const address of ['192.0.2.7', '::1', '2001:db8::1']) expect(leaf.checkIP(address)).toBe(address)
    } finally {
      server.close()
    }
  })

  it.skipIf(!has('openssl', 'version'))('pass OpenSSL’s strict verification (needs openssl)', async () => {
    const certificates = await ensureCertificates({ directory, hosts: [] })
    await certificates.server('api')
    await run('openssl', [
      ...['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', join(directory, 'ca.crt')],
      join(directory, 'api.crt'),
    ])
  })

  it.skipIf(!has('kubectl', 'version', '--client'))('are accepted by kubectl (needs kubectl)', async () => {
    const certificates = await ensureCertificates({ directory, hosts: [] })
    const { server, port } = await serve(await certificates.server('api'))
    try {
      const { stdout } = await run('kubectl', [
        ...['version', '-o', 'json', '--server', `https://127.0.0.1:${port}`, '--token', 'none'],
        ...['--certificate-authority', join(directory, 'ca.crt'), '--kubeconfig', '/dev/null'],
      ])
      expect(JSON.parse(stdout).serverVersion.gitVersion).toBe('v1.33.0')
    } finally {
      server.close()
    }
  })

  it('stay the same over restarts and hosts that were there before', async () => {
    const first = await ensureCertificates({ directory, hosts: ['a.example', 'b.example'] })
    const pair = await first.server('api')
    const again = await ensureCertificates({ directory, hosts: ['b.example'] })
    expect(again.fingerprint).toBe(first.fingerprint)
    expect(again.ca).toEqual(first.ca)
    expect(await again.server('api')).toEqual(pair)
    const more = await ensureCertificates({ directory, hosts: ['c.example'] })
    const renewed = await more.server('api')
    expect(renewed.cert).not.toBe(pair.cert)
    expect(new X509Certificate(renewed.cert).checkHost('c.example')).toBe('c.example')
  })

  it('are renewed before they end; a renewed CA keeps its key', async () => {
    const start = Date.now()
    const first = await ensureCertificates({ directory, hosts: [], clock: () => start })
    const pair = await first.server('api')
    const later = start + 350 * day
    const second = await ensureCertificates({ directory, hosts: [], clock: () => later })
    expect(second.fingerprint).toBe(first.fingerprint)
    const renewed = new X509Certificate((await second.server('api')).cert)
    expect(renewed.validTo).not.toBe(new X509Certificate(pair.cert).validTo)
    const muchLater = start + 9.5 * 365 * day
    const third = await ensureCertificates({ directory, hosts: [], clock: () => muchLater })
    expect(third.fingerprint).not.toBe(first.fingerprint)
    const oldCa = new X509Certificate(first.ca.cert)
    const newest = new X509Certificate((await third.server('api')).cert)
    expect(newest.verify(oldCa.publicKey)).toBe(true)
    expect(newest.checkIssued(oldCa)).toBe(true)
  })

  it('keep keys to their owner and replace what is broken', async () => {
    const first = await ensureCertificates({ directory, hosts: [] })
    await Promise.all([first.server('api'), first.server('api')])
    const modes = await Promise.all(
      (await readdir(directory)).sort().map(async (name) => {
        return [name, (await stat(join(directory, name))).mode & 0o777] as const
      }),
    )
    expect(modes).toEqual([
      ['api.crt', 0o600],
      ['api.key', 0o600],
      ['ca.crt', 0o644],
      ['ca.key', 0o600],
    ])
    await writeFile(join(directory, 'api.crt'), '-----BEGIN CERTIFICATE-----\nMIIB')
    const again = await ensureCertificates({ directory, hosts: [] })
    expect(new X509Certificate((await again.server('api')).cert).subject).toContain('Chiave api')
    expect(() => again.server('../x')).toThrow(/no name/)
  })
})
