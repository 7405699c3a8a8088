import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { formatBytes } from './byte-size'
import { refuseSpace } from './free-space'
import { type HttpAnswer, openHttp } from './http-source'
import { ImportFailure } from './import-failure'
import { type HttpJob, type ProgressReport, transferLimit } from './import-protocol'
import { displayUrl, explainNetworkError, explainStatus } from './network-failure'
import { fetchPublishedChecksum, type PublishedChecksum } from './published-checksum'
import { writeFully } from './sparse-writer'

/** What is known of a half-done download, beside the part itself. */
const stateSchema = z.object({
  source: z.string(),
  etag: z.exactOptional(z.string()),
  lastModified: z.exactOptional(z.string()),
  length: z.exactOptional(z.number()),
  /** What the publisher said of these bytes when their download began. */
  published: z.exactOptional(z.object({ url: z.string(), value: z.string() })),
  bootId: z.string(),
  complete: z.boolean(),
})
type DownloadState = z.infer<typeof stateSchema>

export interface Download {
  path: string
  length: number
}

interface Part {
  state: DownloadState
  length: number
  /** Bytes in it come from an earlier run of the worker. */
  earlier: boolean
}

class Transfer {
  readonly #partPath: string
  readonly #statePath: string

  constructor(
    private readonly job: HttpJob,
    private readonly report: (progress: ProgressReport) => void,
  ) {
    this.#partPath = join(job.workDirectory, 'download.part')
    this.#statePath = join(job.workDirectory, 'download.json')
  }

  async verified(): Promise<Download> {
    const found = await this.#readPart()
    let part = found?.state.complete ? found : await this.#fetch(found)
    let mismatch = await this.#compare(part)
    if (mismatch && part.earlier) {
      // What an earlier try left may be damaged: after a power cut, or by a server that joins two files.
      part = await this.#fetchAnew()
      mismatch = await this.#compare(part)
    }
    if (mismatch) throw mismatch
    return { path: this.#partPath, length: part.length }
  }

  /** Why the download is not what was expected, if it is not. */
  async #compare(part: Part): Promise<ImportFailure | undefined> {
    const published = this.job.checksum ? undefined : (part.state.published ?? (await this.#publishedChecksum()))
    const wanted = this.job.checksum ?? published?.value
    if (!wanted) return undefined
    const [algorithm = '', expected = ''] = wanted.split(':')
    const hash = createHash(algorithm)
    await hashFile(this.#partPath, hash)
    const actual = hash.digest('hex')
    if (actual === expected.toLowerCase()) return undefined
    const advice = published
      ? `as ${displayUrl(new URL(published.url))} says. The publisher may just be replacing the image: try again later.`
      : 'The publisher may have replaced the image: use the checksum of the present one.'
    return new ImportFailure(
      `The download is not what was expected: its ${algorithm} checksum is ${actual}, it should be ` +
        `${expected.toLowerCase()}${published ? ', ' : '. '}${advice} Otherwise do not trust this server.`,
      'never',
    )
  }

  async #publishedChecksum(): Promise<PublishedChecksum | undefined> {
    const { job } = this
    return job.checksumUrl && !job.checksum ? await fetchPublishedChecksum(job, job.checksumUrl) : undefined
  }

  async #readPart(): Promise<Part | undefined> {
    let state: DownloadState
    let length: number
    try {
      state = stateSchema.parse(JSON.parse(await readFile(this.#statePath, 'utf8')))
      length = (await stat(this.#partPath)).size
    } catch {
      // Nothing there yet, or cut off while it was written: begin anew.
      return undefined
    }
    if (state.source !== this.job.url) return undefined
    if (state.published?.url !== this.job.checksumUrl) delete state.published
    // After a crash of the whole host the end of the file may never have reached the disk; only a checksum would tell.
    const checked = this.job.checksum ?? this.job.checksumUrl
    if (state.bootId !== (await bootId()) && !checked) return undefined
    return { state, length, earlier: true }
  }

  async #fetch(part: Part | undefined): Promise<Part> {
    const validator = part?.state.etag ?? part?.state.lastModified
    if (!part || !validator || part.length === 0) return await this.#fetchAnew()
    const answer = await openHttp(this.job, { range: `bytes=${part.length}-`, 'if-range': validator })
    const { status } = answer
    try {
      if (status === 206 && rangeStart(answer) === part.length)
        return await this.#receive(answer, { start: part.length, length: part.state.length }, part.state.published)
      // Another image by now, whose checksum may be listed anew: asked for before its bytes.
      if (status === 200 && !this.job.checksumUrl)
        return await this.#receive(answer, { start: 0, length: numeric(answer.headers['content-length']) }, undefined)
      if (![200, 206, 416].includes(status)) throw explainStatus(status, answer.url)
    } finally {
      answer.body.destroy()
    }
    // All of it was there already, or the server can not go on from where the part ends.
    if (status !== 200 && part.length === part.state.length) return await this.#finish(part)
    return await this.#fetchAnew()
  }

  /** All of it; with the checksum that the publisher lists for it now, before the first byte is asked for. */
  async #fetchAnew(): Promise<Part> {
    await rm(this.#statePath, { force: true })
    const published = await this.#publishedChecksum()
    const answer = await openHttp(this.job, {})
    try {
      if (answer.status !== 200) throw explainStatus(answer.status, answer.url)
      return await this.#receive(answer, { start: 0, length: numeric(answer.headers['content-length']) }, published)
    } finally {
      answer.body.destroy()
    }
  }

  async #receive(
    answer: HttpAnswer,
    { start, length }: { start: number; length: number | undefined },
    published: PublishedChecksum | undefined,
  ): Promise<Part> {
    const limit = transferLimit(this.job.sizeBytes)
    const tooLarge = (bytes: number) =>
      new ImportFailure(
        `The download is ${length === undefined ? 'over ' : ''}${formatBytes(bytes)}, too much for a disk of ${formatBytes(this.job.sizeBytes)}. Ask for a larger disk.`,
        'never',
      )
    if (length !== undefined && length > limit) throw tooLarge(length)
    const missing = await refuseSpace(this.job.workDirectory, (length ?? start) - start)
    if (missing) throw new ImportFailure(missing, 'later')

    const state: DownloadState = {
      source: this.job.url,
      ...validators(answer),
      ...(length === undefined ? {} : { length }),
      ...(published ? { published } : {}),
      bootId: await bootId(),
      complete: false,
    }
    await this.#writeState(state)
    const file = await open(this.#partPath, start === 0 ? 'w' : 'r+', 0o600)
    let received = start
    try {
      if (start > 0) await file.truncate(start)
      const meter = new Meter(start, length, this.report)
      for await (const chunk of bodyChunks(answer)) {
        if (received + chunk.length > Math.min(limit, length ?? limit)) throw tooLarge(received + chunk.length)
        await writeFully(file, chunk, received)
        received += chunk.length
        meter.count(received)
      }
      if (length !== undefined && received < length)
        throw new ImportFailure(
          `${answer.url.host} broke off after ${formatBytes(received)} of ${formatBytes(length)}.`,
          'now',
        )
      await file.datasync()
    } finally {
      await file.close()
    }
    return await this.#finish({ state, length: received, earlier: start > 0 })
  }

  async #finish(part: Part): Promise<Part> {
    const state = { ...part.state, length: part.length, complete: true }
    await this.#writeState(state)
    return { ...part, state }
  }

  async #writeState(state: DownloadState): Promise<void> {
    const next = `${this.#statePath}.new`
    await writeFile(next, JSON.stringify(state), { mode: 0o600 })
    await rename(next, this.#statePath)
  }
}

function validators(answer: HttpAnswer): Pick<DownloadState, 'etag' | 'lastModified'> {
  const { etag, 'last-modified': lastModified } = answer.headers
  return {
    // A weak validator does not promise equal bytes (RFC 9110, 13.1.5).
    ...(etag && !etag.startsWith('W/') ? { etag } : {}),
    ...(lastModified ? { lastModified } : {}),
  }
}

async function* bodyChunks(answer: HttpAnswer): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of answer.body) yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk)
  } catch (error) {
    throw explainNetworkError(error, answer.url)
  }
}

/** Turns received bytes into reports: at most four a second, the rate over the last seconds. */
class Meter {
  #rate: number | undefined
  #lastTime = performance.now()
  #lastBytes: number

  constructor(
    start: number,
    private readonly length: number | undefined,
    private readonly report: (progress: ProgressReport) => void,
  ) {
    this.#lastBytes = start
    this.#send(start)
  }

  count(received: number): void {
    const elapsed = performance.now() - this.#lastTime
    if (elapsed < 250) return
    const present = ((received - this.#lastBytes) * 1000) / elapsed
    const weight = Math.min(1, elapsed / 2000)
    this.#rate = this.#rate === undefined ? present : this.#rate + (present - this.#rate) * weight
    this.#lastTime += elapsed
    this.#lastBytes = received
    this.#send(received)
  }

  #send(received: number): void {
    this.report({
      phase: 'downloading',
      ...(this.length ? { progress: (received / this.length) * 100 } : {}),
      ...(this.#rate === undefined ? {} : { rate: Math.round(this.#rate) }),
    })
  }
}

function numeric(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined
}

function rangeStart(answer: HttpAnswer): number | undefined {
  return numeric(/^bytes (\d+)-/.exec(answer.headers['content-range'] ?? '')?.[1])
}

async function hashFile(path: string, hash: Hash): Promise<void> {
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk)
}

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
}

/**
 * Downloads the job's image into its work directory, or the rest of it when a part of the same bytes is there, and
 * compares the checksum. Reports the progress of the download alone, 0…100.
 * @throws ImportFailure
 */
export async function download(job: HttpJob, report: (progress: ProgressReport) => void): Promise<Download> {
  return await new Transfer(job, report).verified()
}

/** Opens a file, hands it over and closes it whatever happens. */
export async function withFile<T>(path: string, flags: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, flags, 0o600)
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}
