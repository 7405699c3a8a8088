import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ensureCertificates } from '@/server/home/certificates'
import type { DiskState } from '@/server/operator/engine/hypervisor-port'
import {
  DiskBench,
  type HttpSource,
  httpDisk,
  importerUid,
  MiB,
  rawDisk,
  run,
  sendBytes,
  settled,
  until,
} from './disk-test-bench'

vi.setConfig({ testTimeout: 60_000 })

let bench: DiskBench
beforeEach(() => {
  bench = new DiskBench()
})
afterEach(() => bench.end())

const diskFile = (id: string) => join(bench.directory, id, 'disk.img')

/** Imports bytes from a plain server and tells how that ended. */
async function importBytes(body: Buffer, source: Partial<HttpSource> = {}): Promise<DiskState> {
  const base = await bench.serve((request, response) => sendBytes(request, response, body))
  const disks = await bench.open()
  await disks.createDisk(httpDisk('d', `${base}/image`, source))
  return await until(disks, 'd', settled)
}

function qcow2(name: string, ...args: string[]): Buffer {
  run('qemu-img', 'create', '-q', '-f', 'qcow2', bench.image(name), ...args)
  return readFileSync(bench.image(name))
}

describe('an import', () => {
  test('turns a qcow2 into a raw disk of the requested size, readable by nobody else', async () => {
    const raw = rawDisk(2 * MiB)
    writeFileSync(bench.image('a.raw'), raw)
    run('qemu-img', 'convert', '-c', '-f', 'raw', '-O', 'qcow2', bench.image('a.raw'), bench.image('a.qcow2'))
    const state = await importBytes(readFileSync(bench.image('a.qcow2')))
    expect(state).toMatchObject({ phase: 'ready', progress: 100, sizeBytes: 8 * MiB, restarts: 0 })
    const made = readFileSync(diskFile('d'))
    expect(made.length).toBe(8 * MiB)
    expect(made.subarray(0, raw.length).equals(raw)).toBe(true)
    expect(statSync(diskFile('d')).mode & 0o777).toBe(0o600)
    expect(statSync(diskFile('d')).uid).toBe(process.getuid?.())
    expect(state.usedBytes).toBeLessThan(4 * MiB)
    expect(readdirSync(join(bench.directory, 'd')).sort()).toEqual(['disk.img', 'disk.json'])
  })

  test.each(['gzip', 'xz', 'zstd'])('unpacks %s, whatever the name says', async (program) => {
    const raw = Buffer.concat([rawDisk(MiB), Buffer.alloc(4 * MiB), rawDisk(MiB, 7)])
    writeFileSync(bench.image('b'), raw)
    const packed = execFileSync(program, ['-c', '-q', bench.image('b')], { maxBuffer: 16 * MiB })
    const state = await importBytes(packed)
    expect(state).toMatchObject({ phase: 'ready' })
    expect(readFileSync(diskFile('d')).subarray(0, raw.length).equals(raw)).toBe(true)
    expect(state.usedBytes).toBeLessThanOrEqual(2 * MiB + 64 * 1024)
  })

  test('takes a compressed qcow2 and other formats', async () => {
    for (const format of ['vmdk', 'vdi', 'vhdx', 'vpc', 'qcow2']) {
      const file = bench.image(`c.${format}`)
      writeFileSync(bench.image('c.raw'), rawDisk(MiB))
      run('qemu-img', 'convert', '-f', 'raw', '-O', format, bench.image('c.raw'), file)
      const base = await bench.serve((request, response) => sendBytes(request, response, gzipSync(readFileSync(file))))
      const disks = await bench.open()
      await disks.createDisk(httpDisk(format, base))
      expect(await until(disks, format, settled), format).toMatchObject({ phase: 'ready' })
      expect(readFileSync(diskFile(format)).subarray(0, MiB).equals(rawDisk(MiB)), format).toBe(true)
    }
  })

  test('tells its progress and its rate while bytes come in', async () => {
    const body = rawDisk(4 * MiB)
    const base = await bench.serve((_request, response) => {
      response.writeHead(200, { 'content-length': body.length })
      let sent = 0
      const timer = setInterval(() => {
        response.write(body.subarray(sent, (sent += MiB / 4)))
        if (sent >= body.length) {
          clearInterval(timer)
          response.end()
        }
      }, 100)
    })
    const disks = await bench.open()
    expect(await disks.createDisk(httpDisk('d', base))).toMatchObject({ phase: 'pending' })
    const first = await until(disks, 'd', ({ rate, progress }) => rate !== undefined && (progress ?? 0) > 10)
    expect(first.phase).toBe('downloading')
    expect(first.rate).toBeGreaterThan(MiB)
    expect(first.rate).toBeLessThan(6 * MiB)
    const next = await until(disks, 'd', ({ progress }) => (progress ?? 0) > (first.progress ?? 0))
    expect(next.progress).toBeLessThanOrEqual(100)
    expect(await until(disks, 'd', settled)).toMatchObject({ phase: 'ready' })
    expect(bench.changes.length).toBeGreaterThan(4)
  })

  test.skipIf(importerUid === undefined)('runs as a user of its own (needs root)', async () => {
    const base = await bench.serve((_request, response) => response.writeHead(200).write(rawDisk(MiB)))
    const disks = await bench.open()
    await disks.createDisk(httpDisk('d', base))
    await until(disks, 'd', ({ usedBytes }) => usedBytes > 0)
    const part = lstatSync(join(bench.directory, 'd', 'work', 'download.part'))
    expect(part.uid).toBe(importerUid)
    expect(lstatSync(join(bench.directory, 'd', 'disk.json')).mode & 0o077).toBe(0)
  })

  test('compares the checksum, and says what both are', async () => {
    const body = rawDisk(MiB)
    const sha = createHash('sha512').update(body).digest('hex')
    expect(await importBytes(body, { checksum: `sha512:${sha.toUpperCase()}` })).toMatchObject({
      phase: 'ready',
    })
  })

  test('refuses a download whose checksum is another', async () => {
    const state = await importBytes(rawDisk(MiB), { checksum: `sha256:${'0'.repeat(64)}` })
    expect(state).toMatchObject({ phase: 'failed', retryable: false, usedBytes: 0 })
    expect(state.message).toContain('0000')
    expect(state.message).toContain(createHash('sha256').update(rawDisk(MiB)).digest('hex'))
  })
})

describe('what is no disk is refused in words', () => {
  const refused = async (body: Buffer, words: RegExp) => {
    const state = await importBytes(body)
    expect(state).toMatchObject({ phase: 'failed', retryable: false, restarts: 0 })
    expect(state.message).toMatch(words)
    expect(existsSync(diskFile('d'))).toBe(false)
    expect(state.usedBytes).toBe(0)
  }

  test('a web page', () => refused(Buffer.from('\n<!DOCTYPE html><html><body>Sign in</body></html>'), /web page/))
  test('text', () => refused(Buffer.from('Not here, my friend.\n'), /text file/))
  test('noise', () => refused(rawDisk(MiB).subarray(1024), /neither an image format/))
  test('nothing', () => refused(Buffer.alloc(0), /empty file/))
  test('a damaged gzip', () => refused(gzipSync(rawDisk(MiB)).subarray(0, 200_000), /damaged/))
  test('a damaged qcow2', () => {
    const image = qcow2('x', '1M')
    image.writeBigUInt64BE(12_345n, 40) // where its first table is said to be
    return refused(image, /damaged.*L1 table/)
  })
  test('a tar archive', () => {
    writeFileSync(bench.image('t'), rawDisk(MiB))
    run('tar', '-C', bench.images, '-cf', bench.image('t.tar'), 't')
    return refused(readFileSync(bench.image('t.tar')), /tar archive/)
  })

  test('a qcow2 over another image', () => {
    qcow2('base', '1M')
    return refused(qcow2('over', '-b', '/etc/passwd', '-F', 'raw', '1M', '-u'), /backing file/)
  })
  test('a qcow2 whose data are elsewhere', () =>
    refused(qcow2('out', '-o', `data_file=${bench.image('data.raw')}`, '1M'), /in another file/))
  test('a VMDK in pieces', () => {
    run('qemu-img', 'create', '-q', '-f', 'vmdk', '-o', 'subformat=monolithicFlat', bench.image('v'), '1M')
    return refused(readFileSync(bench.image('v')), /in other files/)
  })
  test('an encrypted qcow2', () => {
    const image = qcow2('enc', '1M')
    image.writeUInt32BE(2, 32) // the method: LUKS
    return refused(image, /encrypted/)
  })
  test('a qcow2 that claims a petabyte', () => refused(qcow2('huge', '-o', 'cluster_size=2M', '1P'), /1 PiB.*16 TiB/))
  test('an image larger than the disk, with both sizes and the way out', () =>
    refused(qcow2('big', '20M'), /disk of 20 MiB, more than the 8 MiB asked for.*at least 20 MiB/))
  test('a raw image larger than the disk', () => refused(rawDisk(9 * MiB), /disk of 9 MiB, more than the 8 MiB/))
  test('a small file that unpacks to a large one', () =>
    refused(gzipSync(Buffer.alloc(64 * MiB)), /unpacks to more than 8 MiB/))
})

test('a disk whose content begins like a qcow2 is never taken for one again', async () => {
  const trap = qcow2('trap', '-b', '/etc/shadow', '-F', 'raw', '1M', '-u')
  writeFileSync(bench.image('inner.raw'), Buffer.concat([trap, Buffer.alloc(MiB)]))
  run('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', bench.image('inner.raw'), bench.image('outer.qcow2'))
  expect(await importBytes(readFileSync(bench.image('outer.qcow2')))).toMatchObject({ phase: 'ready' })
  const disks = await bench.open()
  await disks.createDisk({ id: 'copy', name: 'copy', sizeBytes: 8 * MiB, source: { type: 'clone', diskId: 'd' } })
  expect(await until(disks, 'copy', settled)).toMatchObject({ phase: 'ready' })
  expect(readFileSync(diskFile('copy')).subarray(0, trap.length).equals(trap)).toBe(true)
  expect(await disks.attach('copy', { machineId: 'm' })).toEqual({ path: diskFile('copy'), format: 'raw' })
})

describe('where images are not fetched from', () => {
  test.each(['http://169.254.169.254/latest/meta-data', 'http://[::ffff:169.254.169.254]/', 'https://0.0.0.0/a'])(
    'is refused before a connection is made: %s',
    async (url) => {
      const disks = await bench.open()
      await disks.createDisk(httpDisk('d', url))
      const state = await until(disks, 'd', settled)
      expect(state).toMatchObject({ phase: 'failed', message: expect.stringMatching(/imports may not reach/) })
    },
  )

  test('is refused to a redirect and to a name as well', async () => {
    const asked: string[] = []
    const base = await bench.serve((request, response) => {
      asked.push(request.url ?? '')
      response.writeHead(302, { location: 'http://169.254.169.254/secret' }).end()
    })
    const disks = await bench.open()
    await disks.createDisk(httpDisk('d', `${base}/image`))
    expect(await until(disks, 'd', settled)).toMatchObject({
      phase: 'failed',
      message: expect.stringMatching(/169\.254/),
    })
    expect(asked).toEqual(['/image'])
  })

  test('is what the administrator says', async () => {
    const asked: string[] = []
    const base = await bench.serve((request, response) => {
      asked.push(request.url ?? '')
      sendBytes(request, response, rawDisk(MiB))
    })
    const disks = await bench.open({ limits: { denied: ['loopback'] } })
    for (const [id, url] of [['a', base] as const, ['b', base.replace('127.0.0.1', 'localhost')] as const]) {
      await disks.createDisk(httpDisk(id, `${url}/image`))
      expect(await until(disks, id, settled)).toMatchObject({
        phase: 'failed',
        message: expect.stringMatching(/127\.0\.0\.1|::1/),
      })
    }
    expect(asked).toEqual([])
  })
})

describe('the network', () => {
  test('a broken connection is gone on with, by range', async () => {
    const body = rawDisk(4 * MiB)
    const ranges: (string | undefined)[] = []
    const base = await bench.serve((request, response) => {
      ranges.push(request.headers.range)
      if (ranges.length > 1) return sendBytes(request, response, body)
      response.writeHead(200, { etag: `"${body.length}"`, 'content-length': body.length })
      response.write(body.subarray(0, 3 * MiB), () => setTimeout(() => response.destroy(), 300))
    })
    const disks = await bench.open()
    const checksum = `sha256:${createHash('sha256').update(body).digest('hex')}`
    await disks.createDisk(httpDisk('d', base, { checksum }))
    expect(await until(disks, 'd', settled)).toMatchObject({ phase: 'ready', restarts: 1 })
    expect(ranges).toEqual([undefined, `bytes=${3 * MiB}-`])
  })

  test('an image that changed in between is fetched anew', async () => {
    const [old, changed] = [rawDisk(2 * MiB), rawDisk(3 * MiB, 5)]
    let asked = 0
    const base = await bench.serve((request, response) => {
      if (asked++ > 0) return sendBytes(request, response, changed)
      response.writeHead(200, { etag: '"old"', 'content-length': old.length })
      response.write(old.subarray(0, MiB), () => setTimeout(() => response.destroy(), 200))
    })
    const disks = await bench.open()
    await disks.createDisk(httpDisk('d', base))
    expect(await until(disks, 'd', settled)).toMatchObject({ phase: 'ready' })
    expect(readFileSync(diskFile('d')).subarray(0, changed.length).equals(changed)).toBe(true)
  })

  test('a server that goes silent is left after the time limit, and after the quick tries given up', async () => {
    const base = await bench.serve((_request, response) =>
      response.writeHead(200, { 'content-length': 4096 }).write('x'),
    )
    const disks = await bench.open({ limits: { idleTimeout: 300 }, retryDelays: [10] })
    await disks.createDisk(httpDisk('d', base))
    const state = await until(disks, 'd', settled)
    expect(state).toMatchObject({ phase: 'failed', retryable: true })
    expect(state.message).toMatch(/127\.0\.0\.1:\d+ stopped sending/)
    expect(state.restarts).toBeGreaterThan(0)
  })

  test('404, 403 and 401 are not tried again; 503 is', async () => {
    let asked = 0
    const base = await bench.serve((request, response) => {
      asked++
      response.writeHead(Number(request.url?.slice(1, 4))).end()
    })
    const disks = await bench.open({ retryDelays: [10, 10] })
    for (const status of [404, 403, 401, 503])
      await disks.createDisk(httpDisk(`d${status}`, `${base}/${status}?token=secret`))
    const states = await Promise.all([404, 403, 401, 503].map((status) => until(disks, `d${status}`, settled)))
    expect(states.map(({ retryable, restarts }) => [retryable, restarts])).toEqual([
      [false, 0],
      [false, 0],
      [false, 0],
      [true, 2],
    ])
    expect(asked).toBe(6)
    expect(states[0]?.message).toMatch(/nothing at http:\/\/127\.0\.0\.1:\d+\/404 /)
    expect(states.map(({ message }) => message).join()).not.toContain('token')
  })

  test('nothing listens, and a name that does not exist', async () => {
    const disks = await bench.open({ retryDelays: [] })
    await disks.createDisk(httpDisk('refused', 'http://127.0.0.1:1/x'))
    await disks.createDisk(httpDisk('dns', 'http://chiave.invalid/x'))
    expect((await until(disks, 'refused', settled)).message).toMatch(/127\.0\.0\.1:1 refused the connection/)
    expect((await until(disks, 'dns', settled)).message).toMatch(/chiave\.invalid/)
  })

  test('redirects are followed, but not in a circle, nor to files, nor with credentials to elsewhere', async () => {
    const seen: (string | undefined)[] = []
    const other = await bench.serve((request, response) => {
      seen.push(request.headers.authorization, request.headers['x-key'] as string | undefined)
      sendBytes(request, response, rawDisk(MiB))
    })
    const base = await bench.serve((request, response) => {
      seen.push(request.headers.authorization, request.headers['x-key'] as string | undefined)
      const location = { '/ok': other, '/loop': '/loop', '/file': 'file:///etc/passwd' }[request.url ?? '']
      response.writeHead(302, { location }).end('moved')
    })
    const disks = await bench.open()
    const source = { basicAuth: { user: 'anna', password: 'pw' }, headers: ['X-Key: k'] }
    await disks.createDisk(httpDisk('ok', `${base}/ok`, source))
    expect(await until(disks, 'ok', settled)).toMatchObject({ phase: 'ready' })
    expect(seen).toEqual([`Basic ${Buffer.from('anna:pw').toString('base64')}`, 'k', undefined, undefined])
    expect(readFileSync(join(bench.directory, 'ok', 'disk.json'), 'utf8')).not.toMatch(/anna|X-Key/)
    await disks.createDisk(httpDisk('loop', `${base}/loop`))
    await disks.createDisk(httpDisk('file', `${base}/file`))
    expect((await until(disks, 'loop', settled)).message).toMatch(/redirects more than 10 times/)
    expect((await until(disks, 'file', settled)).message).toMatch(/https and http only, not by file/)
  })

  test('TLS: a server of an unknown authority only with its certificate, or on explicit wish', async () => {
    const { ca, server } = await ensureCertificates({ directory: join(bench.root, 'tls'), hosts: [] })
    const tls = await server('images')
    const base = await bench.serve((request, response) => sendBytes(request, response, rawDisk(MiB)), tls)
    const disks = await bench.open()
    await disks.createDisk(httpDisk('no', base))
    await disks.createDisk(httpDisk('ca', base, { caCertificates: ca.cert }))
    await disks.createDisk(httpDisk('insecure', base, { insecureSkipVerify: true }))
    await disks.createDisk(httpDisk('plain', base.replace('https:', 'http:')))
    const no = await until(disks, 'no', settled)
    expect(no).toMatchObject({ phase: 'failed', retryable: false })
    expect(no.message).toMatch(/comes from an authority that is not trusted/)
    expect(await until(disks, 'ca', settled)).toMatchObject({ phase: 'ready' })
    expect(await until(disks, 'insecure', settled)).toMatchObject({ phase: 'ready' })
    expect((await until(disks, 'plain', settled)).phase).toBe('failed')
  })
})
