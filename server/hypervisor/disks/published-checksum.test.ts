import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ensureCertificates } from '@/server/home/certificates'
import type { DiskState } from '@/server/operator/engine/hypervisor-port'
import { DiskBench, type HttpSource, httpDisk, MiB, rawDisk, sendBytes, settled, until } from './disk-test-bench'

vi.setConfig({ testTimeout: 60_000 })

let bench: DiskBench
beforeEach(() => {
  bench = new DiskBench()
})
afterEach(() => bench.end())

const image = rawDisk(MiB)
const sha256 = (body: Buffer) => createHash('sha256').update(body).digest('hex')
const good = `${'c'.repeat(64)}  other.img\n${sha256(image)} *disk.img\n`

/** Serves the image at /disk.img and the list, which the handler answers, at /SHA256SUMS; imports and tells the end. */
async function importListed(list: RequestListener, source: Partial<HttpSource> = {}): Promise<DiskState> {
  const base = await bench.serve((request, response) =>
    request.url === '/SHA256SUMS' ? list(request, response) : sendBytes(request, response, image),
  )
  const disks = await bench.open()
  await disks.createDisk(httpDisk('d', `${base}/disk.img`, { checksumUrl: `${base}/SHA256SUMS`, ...source }))
  return await until(disks, 'd', settled)
}

describe('an import with a checksum file', () => {
  test('is done when the listed checksum is the image’s', async () => {
    expect(await importListed((_request, response) => response.end(good))).toMatchObject({
      phase: 'ready',
      restarts: 0,
    })
  })

  test('fails for good when it is another, and says where that is written', async () => {
    const state = await importListed((_request, response) => response.end(`${'0'.repeat(64)}  disk.img\n`))
    expect(state).toMatchObject({ phase: 'failed', retryable: false, usedBytes: 0 })
    expect(state.message).toContain(`its sha256 checksum is ${sha256(image)}`)
    expect(state.message).toMatch(/should be 0{64}, as http:\/\/127\.0\.0\.1:\d+\/SHA256SUMS says/)
  })

  test('fails before the download when the file is not there, and says what to do', async () => {
    const asked: (string | undefined)[] = []
    const base = await bench.serve((request, response) => {
      asked.push(request.url)
      response.writeHead(404).end()
    })
    const disks = await bench.open()
    await disks.createDisk(httpDisk('d', `${base}/disk.img`, { checksumUrl: `${base}/SUMS?token=secret` }))
    const state = await until(disks, 'd', settled)
    expect(state).toMatchObject({ phase: 'failed', retryable: false, restarts: 0 })
    expect(state.message).toMatch(
      /checksum file http:\/\/127\.0\.0\.1:\d+\/SUMS can not be read\. .* answered 404\. Correct the address/,
    )
    expect(state.message).not.toContain('secret')
    expect(asked).toEqual(['/SUMS?token=secret'])
  })

  test('is tried again when the server of the file has a passing problem', async () => {
    let asked = 0
    const state = await importListed((_request, response) =>
      asked++ === 0 ? response.writeHead(503).end() : response.end(good),
    )
    expect(state).toMatchObject({ phase: 'ready', restarts: 1 })
  })

  test('may be tried again when nobody answers for the file', async () => {
    const state = await importListed(() => undefined, { checksumUrl: 'http://127.0.0.1:1/SUMS' })
    expect(state).toMatchObject({ phase: 'failed', retryable: true })
    expect(state.message).toMatch(
      /checksum file http:\/\/127\.0\.0\.1:1\/SUMS can not be read\. 127\.0\.0\.1:1 refused/,
    )
  })

  test.each([
    ['other files only', `${sha256(image)}  other.img\n`],
    ['nothing: it is a web page', '<!doctype html><html>Sign in</html>'],
  ])('fails for good when the file lists %s', async (_what, text) => {
    const state = await importListed((_request, response) => response.end(text))
    expect(state).toMatchObject({ phase: 'failed', retryable: false, restarts: 0 })
    expect(state.message).toMatch(/SHA256SUMS does not list “disk\.img”\. Correct the address of the checksum file/)
  })

  test('reads no more than a list can be', async () => {
    const state = await importListed((_request, response) => response.end(`${' \n'.repeat(MiB / 2)}${good}`))
    expect(state).toMatchObject({ phase: 'failed', retryable: false })
    expect(state.message).toMatch(/SHA256SUMS can not be read\. It is larger than 1 MiB/)
  })

  test('never asks for anything but http and https', async () => {
    const state = await importListed((_request, response) =>
      response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    )
    expect(state).toMatchObject({ phase: 'failed', retryable: false })
    expect(state.message).toMatch(/https and http only, not by file/)
    const disks = await bench.open()
    await expect(
      disks.createDisk(httpDisk('e', 'http://127.0.0.1:1/x', { checksumUrl: 'file:///etc/passwd' })),
    ).rejects.toThrow('The address of a checksum file begins with https:// or http://.')
  })

  test('follows redirects of both, and looks for the name that was asked for', async () => {
    const mirror = await bench.serve((request, response) =>
      request.url === '/list' ? response.end(good) : sendBytes(request, response, image),
    )
    const base = await bench.serve((request, response) =>
      response.writeHead(302, { location: `${mirror}${request.url === '/SUMS' ? '/list' : '/5f3a.bin'}` }).end(),
    )
    const disks = await bench.open()
    await disks.createDisk(httpDisk('d', `${base}/a/disk%2Eimg`, { checksumUrl: `${base}/SUMS` }))
    expect(await until(disks, 'd', settled)).toMatchObject({ phase: 'ready' })
  })

  test('sends the image’s credentials to the image’s server alone, and keeps none', async () => {
    const seen: (string | undefined)[] = []
    const list: RequestListener = (request, response) => {
      seen.push(request.headers.authorization, request.headers['x-key'] as string | undefined)
      response.end(good)
    }
    const elsewhere = await bench.serve(list)
    const secrets = { basicAuth: { user: 'anna', password: 'pw' }, headers: ['X-Key: k'] }
    const checksumUrl = elsewhere.replace('http://', 'http://berta:x@')
    expect(await importListed(list, secrets)).toMatchObject({ phase: 'ready' })
    const disks = await bench.open()
    const base = await bench.serve((request, response) => sendBytes(request, response, image))
    await disks.createDisk(httpDisk('e', `${base}/disk.img`, { ...secrets, checksumUrl }))
    expect(await until(disks, 'e', settled)).toMatchObject({ phase: 'ready' })
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
    expect(seen).toEqual([basic('anna:pw'), 'k', basic('berta:x'), undefined])
    expect(readFileSync(join(bench.directory, 'e', 'disk.json'), 'utf8')).not.toMatch(/anna|berta|X-Key/)
  })

  test('trusts the same authorities for the file as for the image', async () => {
    const { ca, server } = await ensureCertificates({ directory: join(bench.root, 'tls'), hosts: [] })
    const checksumUrl = await bench.serve((_request, response) => response.end(good), await server('lists'))
    expect(await importListed(() => undefined, { checksumUrl, caCertificates: ca.cert })).toMatchObject({
      phase: 'ready',
    })
    const disks = await bench.open()
    await disks.createDisk(httpDisk('e', 'http://127.0.0.1:1/disk.img', { checksumUrl }))
    expect((await until(disks, 'e', settled)).message).toMatch(
      /can not be read\. .* comes from an authority that is not trusted/,
    )
  })

  test('an explicit checksum needs no file', async () => {
    const state = await importListed((_request, response) => response.writeHead(500).end(), {
      checksum: `sha256:${sha256(image)}`,
    })
    expect(state).toMatchObject({ phase: 'ready', restarts: 0 })
  })
})

describe('an import with a checksum file that broke off', () => {
  /** Breaks off after the first half of `first`, then serves `later`; the list knows what is served at the moment. */
  async function importBroken(first: Buffer, later: Buffer) {
    const asked: string[] = []
    let broken = false
    const base = await bench.serve((request, response) => {
      asked.push(`${request.url} ${request.headers.range ?? 'all'}`)
      if (request.url === '/SUMS') return response.end(`${sha256(broken ? later : first)}  disk.img\n`)
      if (broken) return sendBytes(request, response, later)
      broken = true
      response.writeHead(200, { etag: `"${first.length}"`, 'content-length': first.length })
      return response.write(first.subarray(0, first.length / 2), () => setTimeout(() => response.destroy(), 200))
    })
    const disks = await bench.open()
    await disks.createDisk(httpDisk('d', `${base}/disk.img`, { checksumUrl: `${base}/SUMS` }))
    return { state: await until(disks, 'd', settled), asked }
  }

  test('goes on with the checksum that it was begun with', async () => {
    const { state, asked } = await importBroken(image, image)
    expect(state).toMatchObject({ phase: 'ready', restarts: 1 })
    expect(asked).toEqual(['/SUMS all', '/disk.img all', `/disk.img bytes=${MiB / 2}-`])
  })

  test('takes the new checksum with the new image when both were replaced in between', async () => {
    const { state, asked } = await importBroken(image, rawDisk(2 * MiB, 5))
    expect(state).toMatchObject({ phase: 'ready', restarts: 1 })
    expect(asked.slice(3)).toEqual(['/SUMS all', '/disk.img all'])
  })

  test('begins anew when what the earlier try left turns out to be damaged', async () => {
    // Equal in length and validator, so that the server goes on with it.
    const { state, asked } = await importBroken(rawDisk(MiB, 9), image)
    expect(state).toMatchObject({ phase: 'ready', restarts: 1 })
    expect(asked.slice(3)).toEqual(['/SUMS all', '/disk.img all'])
  })
})
