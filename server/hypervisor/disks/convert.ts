import { z } from 'zod'
import { isDiskFull, refuseSpace } from './free-space'
import { BACKING_FILE, DATA_FILE, type ImageFormat, refuseSize } from './image-format'
import { ImportFailure } from './import-failure'
import { runTool, spawnTool, toolEnd } from './tool'

const INFO_TIMEOUT = 60_000
/** Longest time without a step forward, in milliseconds: slow disks pause, hung ones stay. */
const STALL_TIMEOUT = 15 * 60_000

export interface Image {
  path: string
  /** As told from its own bytes; qemu-img never guesses. */
  format: ImageFormat
}

export interface ConvertOptions {
  image: Image
  to: string
  sizeBytes: number
  toolMemoryBytes: number
  /** 0…1 */
  onProgress(share: number): void
}

const infoSchema = z.object({
  format: z.string(),
  'virtual-size': z.number(),
  encrypted: z.optional(z.boolean()),
  'backing-filename': z.optional(z.string()),
  'full-backing-filename': z.optional(z.string()),
  'format-specific': z.optional(
    z.object({
      data: z.looseObject({
        'data-file': z.optional(z.string()),
        encrypt: z.optional(z.unknown()),
        extents: z.optional(z.array(z.looseObject({ filename: z.optional(z.string()) }))),
      }),
    }),
  ),
})

/** An image may hold any text in its names: nothing but its last printable line is shown. */
function lastLine(stderr: string): string {
  const line = stderr.split('\n').at(-1) ?? ''
  return line
    .replace(/[^\x20-\x7e]/g, '?')
    .replace(/^qemu-img: /, '')
    .slice(0, 300)
}

function refuseInfo(info: z.infer<typeof infoSchema>, { path, format }: Image): string | undefined {
  const specific = info['format-specific']?.data
  if (info.format !== format) return `The image is of format ${info.format}, not ${format}.`
  if (info['backing-filename'] ?? info['full-backing-filename']) return BACKING_FILE
  if (specific?.['data-file'] ?? specific?.extents?.some(({ filename }) => filename !== undefined && filename !== path))
    return DATA_FILE
  if (info.encrypted || specific?.encrypt !== undefined)
    return 'The image is encrypted. Import an image that is not encrypted.'
  return undefined
}

/**
 * Lets qemu-img look at the image, under limits of time and memory.
 * @returns its virtual size in bytes
 * @throws ImportFailure when it is damaged, encrypted, or made of more than this one file
 */
export async function inspectImage({ path, format }: Image, toolMemoryBytes: number): Promise<number> {
  const limits = { memoryBytes: toolMemoryBytes, cpuSeconds: INFO_TIMEOUT / 1000 }
  const result = await runTool(['qemu-img', 'info', '--output=json', '-f', format, path], limits, INFO_TIMEOUT)
  if (result.timedOut || result.signal)
    throw new ImportFailure(
      'The image could not be looked into within the limits of time and memory: it is damaged or made to do harm.',
      'never',
    )
  if (result.code === 127)
    throw new ImportFailure('This host has no qemu-img. Install the package qemu-utils.', 'later')
  if (result.code !== 0) throw new ImportFailure(`The image is damaged: ${lastLine(result.stderr)}`, 'never')
  const parsed = infoSchema.safeParse(JSON.parse(result.stdout))
  if (!parsed.success)
    throw new ImportFailure('qemu-img says nothing useful about the image.', 'never', { cause: parsed.error })
  const refusal = refuseInfo(parsed.data, { path, format })
  if (refusal) throw new ImportFailure(refusal, 'never')
  return parsed.data['virtual-size']
}

async function refuseForSpace({ image, to, toolMemoryBytes }: ConvertOptions): Promise<void> {
  const limits = { memoryBytes: toolMemoryBytes, cpuSeconds: 600 }
  const command = ['qemu-img', 'measure', '--output=json', '-f', image.format, '-O', 'raw', image.path]
  const result = await runTool(command, limits, 600_000)
  // Not every driver can measure; the conversion itself will tell when the file system is full.
  if (result.code !== 0) return
  const { required } = z.object({ required: z.number() }).parse(JSON.parse(result.stdout))
  const missing = await refuseSpace(to.slice(0, to.lastIndexOf('/')), required)
  if (missing) throw new ImportFailure(missing, 'later')
}

/**
 * Checks the image and converts it to a sparse raw file of its virtual size.
 * @throws ImportFailure
 */
export async function convert(options: ConvertOptions): Promise<void> {
  const { image, to, sizeBytes, toolMemoryBytes, onProgress } = options
  const refusal = refuseSize(await inspectImage(image, toolMemoryBytes), sizeBytes)
  if (refusal) throw new ImportFailure(refusal, 'never')
  await refuseForSpace(options)
  const command = ['qemu-img', 'convert', '-p', '-f', image.format, '-O', 'raw', image.path, to]
  const tool = spawnTool(command, { memoryBytes: toolMemoryBytes, cpuSeconds: 4 * 3600 })
  tool.stdin.end()
  let stalled = false
  const stall = setTimeout(() => {
    stalled = true
    tool.kill('SIGKILL')
  }, STALL_TIMEOUT)
  tool.stdout.setEncoding('latin1').on('data', (text: string) => {
    const percent = /\((\d+(?:\.\d+)?)\/100%\)\s*$/.exec(text)?.[1]
    if (percent === undefined) return
    stall.refresh()
    onProgress(Number(percent) / 100)
  })
  try {
    const { code, signal, stderr } = await toolEnd(tool)
    if (code === 0) return
    if (isDiskFull(stderr)) throw new Error(stderr)
    if (stalled)
      throw new ImportFailure('The conversion did not get on for a quarter of an hour and was given up.', 'now')
    throw new ImportFailure(
      `The image could not be converted: ${signal ? `qemu-img ended with ${signal}` : lastLine(stderr)}`,
      'never',
    )
  } finally {
    clearTimeout(stall)
  }
}
