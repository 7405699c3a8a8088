import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { DiskBench, httpDisk, importerUid, MiB, rawDisk, run, sendBytes, settled, until } from './disk-test-bench'
import type { Disks } from './disks'

vi.setConfig({ testTimeout: 60_000 })

let bench: DiskBench
beforeEach(() => {
  bench = new DiskBench()
})
afterEach(() => bench.end())

const diskFile = (id: string) => join(bench.directory, id, 'disk.img')
const blank = (id: string, sizeBytes = 64 * MiB) => ({ id, name: id, sizeBytes, source: { type: 'blank' as const } })
const clone = (id: string, diskId: string, sizeBytes = 64 * MiB) => ({
  id,
  name: id,
  sizeBytes,
  source: { type: 'clone' as const, diskId },
})

/** A server that sends half of the body and then waits, until told otherwise. */
async function serveSlowly(body: Buffer) {
  const state = { ranges: [] as (string | undefined)[], slow: true }
  const base = await bench.serve((request, response) => {
    state.ranges.push(request.headers.range)
    if (!state.slow) return sendBytes(request, response, body)
    response.writeHead(200, { etag: `"${body.length}"`, 'content-length': body.length })
    response.write(body.subarray(0, body.length / 2))
  })
  return { base, state }
}

/** Waits until the worker has half of it on disk. */
async function halfDone(disks: Disks, id: string, bytes: number) {
  return await until(disks, id, ({ usedBytes, phase }) => phase === 'downloading' && usedBytes >= bytes)
}

function workersBelow(directory: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(directory)
      } catch {
        // It ended while the list was read.
        return false
      }
    })
    .map(Number)
}

describe('a blank disk', () => {
  test('is there at once, of the size asked for, and takes no space', async () => {
    const disks = await bench.open()
    const state = await disks.createDisk(blank('b', 100 * 1024 * MiB))
    expect(state).toMatchObject({ phase: 'ready', sizeBytes: 100 * 1024 * MiB, usedBytes: 0 })
    expect(statSync(diskFile('b')).mode & 0o777).toBe(0o600)
    expect(await disks.createDisk(blank('b', 1))).toEqual(state)
  })

  test('cannot have a name that leads elsewhere, nor a size that makes no sense', async () => {
    const disks = await bench.open()
    for (const spec of [blank('../x'), blank('.x'), blank('a/b'), blank('b', 0), blank('b', 1.5), blank('b', 2 ** 50)])
      await expect(disks.createDisk(spec)).rejects.toMatchObject({ code: 'Invalid' })
    await expect(disks.createDisk(httpDisk('h', 'file:///etc/passwd'))).rejects.toMatchObject({ code: 'Invalid' })
    await expect(disks.createDisk(httpDisk('h', 'http://x/', { checksum: 'sha256:12' }))).rejects.toThrow(
      /64 hexadecimal/,
    )
    expect(await disks.disks()).toEqual([])
  })

  test('grows and never shrinks', async () => {
    const disks = await bench.open()
    await disks.createDisk(blank('b'))
    await disks.resizeDisk('b', 128 * MiB)
    expect(await disks.disk('b')).toMatchObject({ sizeBytes: 128 * MiB })
    expect(statSync(diskFile('b')).size).toBe(128 * MiB)
    await expect(disks.resizeDisk('b', MiB)).rejects.toMatchObject({ code: 'Invalid' })
    await expect(disks.resizeDisk('none', MiB)).rejects.toMatchObject({ code: 'NotFound' })
  })
})

describe('use by a machine', () => {
  test('is exclusive, gives the file to its user, and outlives a restart', async () => {
    let disks = await bench.open()
    await disks.createDisk(blank('b'))
    const owner = { machineId: 'm1', ...(importerUid === undefined ? {} : { uid: 54_321 }) }
    expect(await disks.attach('b', owner)).toEqual({ path: diskFile('b'), format: 'raw' })
    expect(await disks.attach('b', owner)).toEqual({ path: diskFile('b'), format: 'raw' })
    if (importerUid !== undefined) expect(statSync(diskFile('b')).uid).toBe(54_321)
    await disks.close()

    disks = await bench.open()
    expect(await disks.disk('b')).toMatchObject({ inUseBy: 'm1' })
    await expect(disks.attach('b', { machineId: 'm2' })).rejects.toMatchObject({ code: 'Busy' })
    await expect(disks.deleteDisk('b')).rejects.toMatchObject({ code: 'Busy' })
    await expect(disks.resizeDisk('b', 128 * MiB)).rejects.toMatchObject({ code: 'Busy' })
    await expect(disks.createDisk(clone('c', 'b'))).rejects.toMatchObject({ code: 'Busy' })

    await disks.detach('m1')
    expect(await disks.disk('b')).not.toHaveProperty('inUseBy')
    expect(statSync(diskFile('b'))).toMatchObject({ uid: process.getuid?.() })
    await disks.deleteDisk('b')
    await disks.deleteDisk('b')
    expect(readdirSync(bench.directory)).toEqual([])
  })

  test('waits until the disk is made', async () => {
    const { base } = await serveSlowly(rawDisk(MiB))
    const disks = await bench.open()
    await disks.createDisk(httpDisk('d', base))
    await expect(disks.attach('d', { machineId: 'm' })).rejects.toMatchObject({ code: 'Busy' })
    await expect(disks.attach('none', { machineId: 'm' })).rejects.toMatchObject({ code: 'NotFound' })
  })
})

describe('a clone', () => {
  test('has the content of its source, may be larger, and stays sparse', async () => {
    const disks = await bench.open()
    await disks.createDisk(blank('b'))
    writeFileSync(diskFile('b'), rawDisk(MiB), { flag: 'r+' })
    await disks.createDisk(clone('c', 'b', 128 * MiB))
    expect(await until(disks, 'c', settled)).toMatchObject({ phase: 'ready', sizeBytes: 128 * MiB })
    const copy = readFileSync(diskFile('c'))
    expect(copy.length).toBe(128 * MiB)
    expect(copy.subarray(0, MiB).equals(rawDisk(MiB))).toBe(true)
    expect((await disks.disk('c'))?.usedBytes).toBeLessThan(2 * MiB)
    await disks.attach('b', { machineId: 'm' })
  })

  test('of nothing, or into less than its source, is refused', async () => {
    const disks = await bench.open()
    await disks.createDisk(blank('b'))
    await expect(disks.createDisk(clone('c', 'none'))).rejects.toMatchObject({ code: 'NotFound' })
    await expect(disks.createDisk(clone('c', 'b', MiB))).rejects.toMatchObject({ code: 'Invalid' })
  })
})

describe('ends', () => {
  test('deleting a disk in the making leaves no process and no file', async () => {
    const { base } = await serveSlowly(rawDisk(4 * MiB))
    const disks = await bench.open()
    await disks.createDisk(httpDisk('d', base))
    await halfDone(disks, 'd', 2 * MiB)
    expect(workersBelow(bench.root)).not.toEqual([])
    await disks.deleteDisk('d')
    expect(await disks.disk('d')).toBeUndefined()
    expect(readdirSync(bench.directory)).toEqual([])
    expect(workersBelow(bench.root)).toEqual([])
  })

  test('an import that was closed goes on where it was, and the disk is never half-visible', async () => {
    const body = rawDisk(4 * MiB)
    const { base, state } = await serveSlowly(body)
    let disks = await bench.open()
    await disks.createDisk(httpDisk('d', base))
    await halfDone(disks, 'd', 2 * MiB)
    await disks.close()
    expect(existsSync(diskFile('d'))).toBe(false)
    expect(workersBelow(bench.root)).toEqual([])

    state.slow = false
    disks = await bench.open()
    expect(await until(disks, 'd', settled)).toMatchObject({ phase: 'ready', restarts: 1 })
    expect(state.ranges).toEqual([undefined, `bytes=${2 * MiB}-`])
    expect(readFileSync(diskFile('d')).subarray(0, body.length).equals(body)).toBe(true)
  })

  test('kill -9 of the agent in mid-import ends its worker, and the next agent goes on', async () => {
    const body = rawDisk(4 * MiB)
    const { base, state } = await serveSlowly(body)
    const agent = startAgent(base)
    try {
      await vi.waitFor(() => expect(partSize('d')).toBeGreaterThanOrEqual(2 * MiB), { timeout: 20_000, interval: 50 })
      agent.kill('SIGKILL')
      await vi.waitFor(() => expect(workersBelow(bench.workerCommand[1] ?? '')).toEqual([]), { timeout: 10_000 })
    } finally {
      agent.kill('SIGKILL')
    }
    expect(existsSync(diskFile('d'))).toBe(false)
    state.slow = false
    const disks = await bench.open()
    expect(await until(disks, 'd', settled)).toMatchObject({ phase: 'ready', restarts: 1 })
    expect(state.ranges).toEqual([undefined, `bytes=${2 * MiB}-`])
    expect(readFileSync(diskFile('d')).subarray(0, body.length).equals(body)).toBe(true)
  })

  test('a worker that is killed is started again', async () => {
    const { base, state } = await serveSlowly(rawDisk(2 * MiB))
    const disks = await bench.open()
    await disks.createDisk(httpDisk('d', base))
    await halfDone(disks, 'd', MiB)
    state.slow = false
    for (const pid of workersBelow(bench.workerCommand[1] ?? '')) process.kill(pid, 'SIGKILL')
    expect(await until(disks, 'd', settled)).toMatchObject({ phase: 'ready', restarts: 1 })
  })

  test('half-registered and half-deleted disks are removed, unknown things are left alone', async () => {
    const disks = await bench.open()
    await disks.createDisk(blank('b'))
    await disks.close()
    run('mkdir', '-p', ...['.new-x', '.deleted-y', 'strange'].map((name) => join(bench.directory, name)))
    const again = await bench.open()
    expect((await again.disks()).map(({ id }) => id)).toEqual(['b'])
    expect(readdirSync(bench.directory).sort()).toEqual(['b', 'strange'])
    await expect(again.createDisk(blank('strange'))).rejects.toMatchObject({ code: 'Failed' })
  })
})

test('a failed import that may be retried begins anew, and only a few run at a time', async () => {
  let broken = true
  let present = 0
  let most = 0
  const base = await bench.serve((request, response) => {
    if (broken) return void response.writeHead(503).end()
    most = Math.max(most, ++present)
    response.on('close', () => present--)
    // Long enough that all that may run do.
    setTimeout(() => sendBytes(request, response, rawDisk(MiB)), 3000)
  })
  const disks = await bench.open({ retryDelays: [], concurrency: 2 })
  await disks.createDisk(httpDisk('d0', base))
  expect(await until(disks, 'd0', settled)).toMatchObject({ phase: 'failed', retryable: true })
  broken = false
  for (const id of ['d0', 'd1', 'd2', 'd3']) await disks.createDisk(httpDisk(id, base))
  for (const id of ['d0', 'd1', 'd2', 'd3']) await until(disks, id, ({ phase }) => phase === 'ready', 30_000)
  expect(most).toBe(2)
  expect(await disks.disk('d0')).toMatchObject({ restarts: 1 })
})

test('memory stays bounded whatever the size of the image', async () => {
  const size = 300 * MiB
  const chunk = rawDisk(4 * MiB)
  const base = await bench.serve((_request, response) => {
    response.writeHead(200, { 'content-length': size })
    let sent = 0
    const more = () => {
      while (sent < size) {
        sent += chunk.length
        if (!response.write(chunk)) return void response.once('drain', more)
      }
      response.end()
    }
    more()
  })
  const disks = await bench.open()
  await disks.createDisk({ ...httpDisk('d', base), sizeBytes: size })
  let peak = 0
  await until(
    disks,
    'd',
    (state) => {
      for (const pid of workersBelow(bench.workerCommand[1] ?? '')) peak = Math.max(peak, peakMemory(pid))
      return settled(state)
    },
    50_000,
  )
  expect(await disks.disk('d')).toMatchObject({ phase: 'ready' })
  expect(peak).toBeGreaterThan(10 * MiB)
  expect(peak).toBeLessThan(200 * MiB)
})

function peakMemory(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    // It ended.
    return 0
  }
}

function partSize(id: string): number {
  const part = join(bench.directory, id, 'work', 'download.part')
  return existsSync(part) ? statSync(part).size : 0
}

/** An agent in a process of its own, which imports `d`. */
function startAgent(base: string): ChildProcess {
  const options = {
    directory: bench.directory,
    workerCommand: bench.workerCommand,
    ...(importerUid === undefined ? {} : { importerUid }),
  }
  const contents = `
    import { openDisks } from ${JSON.stringify(fileURLToPath(new URL('./disks.ts', import.meta.url)))}
    const log = { info() {}, warn() {}, error() {} }
    openDisks({ ...${JSON.stringify(options)}, log, signal: new AbortController().signal, onChange() {} })
      .then((disks) => disks.createDisk(${JSON.stringify(httpDisk('d', base))}))
    setInterval(() => {}, 1000)
  `
  const outfile = join(bench.root, 'agent.cjs')
  const root = fileURLToPath(new URL('../../..', import.meta.url))
  buildSync({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile,
    tsconfig: join(root, 'tsconfig.json'),
  })
  return spawn(process.execPath, [outfile], { stdio: 'ignore' })
}
