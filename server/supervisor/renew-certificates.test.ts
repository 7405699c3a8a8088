import { X509Certificate } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseConfig } from '../config'
import { ensureCertificates } from '../home/certificates'
import { type Home, openHome } from '../home/home'
import { rotateCertificates } from '../state/rotate'
import type { TlsPair } from './process-config'
import { keepCertificates } from './renew-certificates'
import { certificateHosts } from './start-embedded'

let directory: string
let home: Home
let stop: (() => void) | undefined
const config = parseConfig([], {})
const day = 24 * 60 * 60 * 1000

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'chiave-renew-'))
  home = openHome(directory, { asRoot: false })
})
afterEach(() => {
  stop?.()
  fs.rmSync(directory, { recursive: true, force: true })
})

/** A server that runs, which remembers what it was handed. */
function server() {
  const taken: TlsPair[] = []
  return { taken, takeTls: (pair: TlsPair) => void taken.push(pair) }
}

const serialOf = (pem: string) => new X509Certificate(pem).serialNumber

async function made(age: number) {
  const clock = () => Date.now() - age
  const certificates = await ensureCertificates({ directory: home.file('tls'), hosts: certificateHosts(config), clock })
  return { api: await certificates.server('api'), console: await certificates.server('console') }
}

test('certificates that are replaced on disk reach the servers that run', async () => {
  const before = await made(0)
  const [api, console] = [server(), server()]
  const said: string[] = []
  stop = keepCertificates({ home, config, say: (line) => said.push(line) }, { api, console })
  // What it finds first is what the servers were started with.
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(api.taken).toEqual([])
  await rotateCertificates(home)
  await expect.poll(() => [api.taken.length, console.taken.length], { timeout: 10_000 }).toEqual([1, 1])
  const [pair] = api.taken
  expect(serialOf(pair?.certificate ?? '')).not.toBe(serialOf(before.api.cert))
  expect(new X509Certificate(pair?.certificate ?? '').checkHost('localhost')).toBe('localhost')
  expect(said).toContain('New connections to the api get its new certificate.')
})

test('a certificate that would end soon is renewed while its server runs', async () => {
  const before = await made(0)
  const api = server()
  stop = keepCertificates({ home, config, say: () => undefined }, { api }, 100)
  await new Promise((resolve) => setTimeout(resolve, 300))
  // As it would lie there eleven months later; only the next look by the clock can notice.
  const old = fs.mkdtempSync(path.join(directory, 'old-'))
  fs.cpSync(home.file('tls', 'ca.crt'), path.join(old, 'ca.crt'))
  fs.cpSync(home.file('tls', 'ca.key'), path.join(old, 'ca.key'))
  const aged = await ensureCertificates({
    directory: old,
    hosts: certificateHosts(config),
    clock: () => Date.now() - 350 * day,
  })
  const { cert } = await aged.server('api')
  fs.cpSync(path.join(old, 'api.key'), home.file('tls', 'api.key'))
  fs.cpSync(path.join(old, 'api.crt'), home.file('tls', 'api.crt'))
  await expect.poll(() => api.taken.length, { timeout: 10_000 }).toBeGreaterThan(0)
  const last = api.taken.at(-1)?.certificate ?? ''
  expect(Date.parse(new X509Certificate(last).validTo) - Date.now()).toBeGreaterThan(300 * day)
  expect([serialOf(before.api.cert), serialOf(cert)]).not.toContain(serialOf(last))
})
