import { type FileHandle, rename, rm, stat } from 'node:fs/promises'
import { getPriority, setPriority } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { convert } from './convert'
import { type Download, download, withFile } from './download'
import { describeDiskFull, isDiskFull } from './free-space'
import { detectContent, HEAD_BYTES, type ImageFormat, refuseHeader, refuseSize, TAIL_BYTES } from './image-format'
import { ImportFailure } from './import-failure'
import {
  type CloneJob,
  type HttpJob,
  type ImportJob,
  MESSAGE_LENGTH,
  type ProgressReport,
  type WorkerMessage,
} from './import-protocol'
import { spawnTool, toolEnd } from './tool'
import { unpack } from './unpack'

/*
 * The process that touches what strangers wrote: it downloads, unpacks, inspects and converts. `--uid N` makes it give up
 * root first of all. One job comes in as a JSON line on stdin, reports go out as JSON lines on stdout (import-protocol.ts).
 * The end of stdin means that the agent is gone: the worker ends at once and leaves what a later one can go on with.
 */

/** Shares of the whole way, in percent: nearly all time goes into the download. */
const DOWNLOADED = 80

function send(message: WorkerMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

const report = (progress: ProgressReport) => send({ type: 'progress', ...progress })

/** Sends the progress of making, four times a second at most. */
function stage(from: number, to: number): (share: number) => void {
  let last = 0
  return (share) => {
    const now = performance.now()
    if (now - last < 250) return
    last = now
    report({ phase: 'converting', progress: from + (to - from) * share })
  }
}

interface Ends {
  head: Buffer
  tail: Buffer
  length: number
}

async function readBytes(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position)
  return buffer.subarray(0, bytesRead)
}

async function readEnds(path: string): Promise<Ends> {
  return await withFile(path, 'r', async (file) => {
    const length = (await file.stat()).size
    const head = await readBytes(file, 0, Math.min(HEAD_BYTES, length))
    const tail = await readBytes(file, Math.max(0, length - TAIL_BYTES), Math.min(TAIL_BYTES, length))
    return { head, tail, length }
  })
}

function imageFormat({ head, tail, length }: Ends, sizeBytes: number): ImageFormat {
  const content = detectContent(head, tail)
  if (content.kind === 'compressed')
    throw new ImportFailure('The image is compressed twice. Unpack it once and offer that.', 'never')
  const refusal =
    refuseHeader(content.format, head) ?? (content.format === 'raw' ? refuseSize(length, sizeBytes) : undefined)
  if (refusal) throw new ImportFailure(refusal, 'never')
  return content.format
}

async function importHttp(job: HttpJob): Promise<void> {
  const { sizeBytes } = job
  const { toolMemoryBytes } = job.limits
  const result = join(job.workDirectory, 'disk.img')
  const unpacked = join(job.workDirectory, 'unpacked.part')
  const converted = join(job.workDirectory, 'converted.part')
  await Promise.all([result, unpacked, converted].map((path) => rm(path, { force: true })))

  const part: Download = await download(job, ({ progress, ...rest }) =>
    report({ ...rest, ...(progress === undefined ? {} : { progress: (progress * DOWNLOADED) / 100 }) }),
  )
  report({ phase: 'converting', progress: DOWNLOADED })
  const ends = await readEnds(part.path)
  const content = detectContent(ends.head, ends.tail)
  if (content.kind === 'image') {
    const format = imageFormat(ends, sizeBytes)
    const onProgress = stage(DOWNLOADED, 100)
    await convert({ image: { path: part.path, format }, to: converted, sizeBytes, toolMemoryBytes, onProgress })
  } else {
    const onProgress = stage(DOWNLOADED, 90)
    const { compression } = content
    await unpack({
      from: part.path,
      length: part.length,
      to: unpacked,
      compression,
      sizeBytes,
      toolMemoryBytes,
      onProgress,
    })
    const format = imageFormat(await readEnds(unpacked), sizeBytes)
    // Unpacked raw is a sparse raw file already.
    if (format === 'raw') await rename(unpacked, converted)
    else {
      const image = { path: unpacked, format }
      await convert({ image, to: converted, sizeBytes, toolMemoryBytes, onProgress: stage(90, 100) })
    }
  }
  await finish(converted, result, sizeBytes)
}

async function cloneDisk(job: CloneJob): Promise<void> {
  const copy = join(job.workDirectory, 'converted.part')
  await rm(copy, { force: true })
  report({ phase: 'converting', progress: 0 })
  const total = (await stat(job.source)).blocks
  const tool = spawnTool(['cp', '--reflink=auto', '--sparse=always', '--', job.source, copy], {
    memoryBytes: 512 * 1024 ** 2,
    cpuSeconds: 4 * 3600,
  })
  tool.stdin.end()
  const onProgress = stage(0, 100)
  const timer = setInterval(() => {
    // Not there yet in the first moments; a share can not be told then.
    stat(copy).then(
      ({ blocks }) => onProgress(total === 0 ? 1 : Math.min(1, blocks / total)),
      () => undefined,
    )
  }, 300)
  try {
    const { code, signal, stderr } = await toolEnd(tool)
    if (code !== 0) throw new Error(stderr || `cp ended with ${signal ?? code}`)
  } finally {
    clearInterval(timer)
  }
  await finish(copy, join(job.workDirectory, 'disk.img'), job.sizeBytes)
}

/** Grows it to the size asked for and gives it its name only when all of it is on the disk. */
async function finish(part: string, result: string, sizeBytes: number): Promise<void> {
  await withFile(part, 'r+', async (file) => {
    await file.truncate(sizeBytes)
    await file.sync()
  })
  await rename(part, result)
  await withFile(dirname(result), 'r', (directory) => directory.sync())
}

async function explain(error: unknown, workDirectory: string): Promise<WorkerMessage> {
  if (error instanceof ImportFailure)
    return { type: 'failed', message: error.message.slice(0, MESSAGE_LENGTH), retry: error.retry }
  if (isDiskFull(error)) return { type: 'failed', message: await describeDiskFull(workDirectory), retry: 'later' }
  const text = error instanceof Error ? error.message : String(error)
  return { type: 'failed', message: `The import failed: ${text}`, retry: 'now' }
}

async function runJob(line: string): Promise<void> {
  // The agent wrote it, in the shape of import-protocol.ts.
  const job = JSON.parse(line) as ImportJob
  try {
    await (job.type === 'http' ? importHttp(job) : cloneDisk(job))
    send({ type: 'done' })
  } catch (error) {
    send(await explain(error, job.workDirectory))
  }
  // Everything is said: waits for the pipe to take it, then ends whatever may still be open.
  process.stdout.write('', () => process.exit(0))
}

function dropPrivileges(): void {
  const at = process.argv.indexOf('--uid')
  const uid = at < 0 ? Number.NaN : Number(process.argv[at + 1])
  if (at >= 0 && !(Number.isInteger(uid) && uid > 0)) throw new Error('--uid needs a number above 0')
  if (at >= 0) {
    process.setgroups?.([])
    process.setgid?.(uid)
    process.setuid?.(uid)
  }
  process.umask(0o077)
  // Behind the guests, but not at a stand when they keep every core busy; whoever is further behind may not come forward.
  if (getPriority() < 5) setPriority(5)
}

dropPrivileges()
const input = createInterface({ input: process.stdin })
input.once('line', (line) => void runJob(line))
input.once('close', () => process.exit(3))
