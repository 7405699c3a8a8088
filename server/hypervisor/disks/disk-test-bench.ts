import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import type { DiskSource, DiskSpec, DiskState } from '@/server/operator/engine/hypervisor-port'
import { type Disks, type DisksOptions, openDisks } from './disks'

/** What the tests of disks share: a directory of their own, servers on loopback, images made by qemu-img. */

export const MiB = 1024 ** 2

/** The worker as it is shipped: one bundle, which an unprivileged user need not be able to read. */
function buildWorker(outfile: string): readonly string[] {
  const entry = fileURLToPath(new URL('./import-worker.ts', import.meta.url))
  buildSync({ entryPoints: [entry], bundle: true, platform: 'node', format: 'cjs', outfile })
  return [process.execPath, outfile]
}

/** An unprivileged user without an entry in passwd. */
export const importerUid = process.getuid?.() === 0 ? 61_234 : undefined

export class DiskBench {
  readonly root = mkdtempSync(join(tmpdir(), 'chiave-disks-'))
  readonly directory = join(this.root, 'disks')
  readonly images = join(this.root, 'images')
  readonly workerCommand = buildWorker(join(this.root, 'worker.cjs'))
  readonly changes: string[] = []
  readonly #closers: (() => Promise<void> | void)[] = []

  constructor() {
    // The importer's user has to reach its directory, as below a home.
    chmodSync(this.root, 0o711)
    mkdirSync(this.images)
  }

  async open(options: Partial<DisksOptions> = {}): Promise<Disks> {
    const disks = await openDisks({
      directory: this.directory,
      workerCommand: this.workerCommand,
      ...(importerUid === undefined ? {} : { importerUid }),
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      signal: new AbortController().signal,
      onChange: (id) => this.changes.push(id),
      retryDelays: [10, 20, 30],
      ...options,
    })
    this.#closers.push(() => disks.close())
    return disks
  }

  /** Serves on a free port of loopback and gives the base address. */
  async serve(handler: RequestListener, tls?: { key: string; cert: string }): Promise<string> {
    const server = tls ? createTlsServer(tls, handler) : createServer(handler)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.#closers.push(() => {
      server.closeAllConnections()
      server.close()
    })
    // A TCP server's address is never a string.
    return `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  image(name: string): string {
    return join(this.images, name)
  }

  async end(): Promise<void> {
    for (const close of this.#closers.reverse()) await close()
    rmSync(this.root, { recursive: true, force: true })
  }
}

export function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Bytes that look like a disk to anyone: a boot signature, then the seed's noise. */
export function rawDisk(bytes: number, seed = 1): Buffer {
  const disk = Buffer.alloc(bytes)
  let state = seed
  for (let offset = 0; offset < bytes; offset += 4) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    disk.writeUInt32LE(state, offset)
  }
  disk.fill(0, 0, 512)
  disk.write('\x55\xaa', 510, 'latin1')
  return disk
}

/** Answers with bytes, honouring ranges and validators as a file server does. */
export function sendBytes(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const etag = `"${body.length}"`
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? Number.NaN)
  if (start >= 0 && request.headers['if-range'] === etag) {
    const range = `bytes ${start}-${body.length - 1}/${body.length}`
    response.writeHead(206, { etag, 'content-length': body.length - start, 'content-range': range })
    response.end(body.subarray(start))
  } else {
    response.writeHead(200, { etag, 'content-length': body.length, 'accept-ranges': 'bytes' })
    response.end(body)
  }
}

export type HttpSource = Extract<DiskSource, { type: 'http' }>

/** An import of 8 MiB. */
export function httpDisk(id: string, url: string, source: Partial<HttpSource> = {}): DiskSpec {
  return { id, name: id, sizeBytes: 8 * MiB, source: { type: 'http', url, ...source } }
}

/** Waits until the disk is as wished; fails with its last state after the time. */
export async function until(
  disks: Disks,
  id: string,
  wished: (state: DiskState) => boolean,
  milliseconds = 15_000,
): Promise<DiskState> {
  const deadline = Date.now() + milliseconds
  for (;;) {
    const state = await disks.disk(id)
    if (state && wished(state)) return state
    if (Date.now() > deadline) throw new Error(`not in time: ${JSON.stringify(state)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export const settled = ({ phase }: DiskState) => phase === 'ready' || phase === 'failed'
