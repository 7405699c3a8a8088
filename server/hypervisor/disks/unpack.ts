import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { formatBytes } from './byte-size'
import { isDiskFull } from './free-space'
import type { Compression } from './image-format'
import { ImportFailure } from './import-failure'
import { transferLimit } from './import-protocol'
import { SparseWriter } from './sparse-writer'
import { spawnTool, type ToolEnd, toolEnd } from './tool'

const programs = {
  xz: ['xz', '--decompress', '--stdout', '--quiet', '--memlimit-decompress=512MiB'],
  zstd: ['zstd', '--decompress', '--stdout', '--quiet', '--memory=512MB'],
} as const

export interface UnpackOptions {
  from: string
  /** Bytes of `from`. */
  length: number
  to: string
  compression: Compression
  /** Of the disk: what a raw image may unpack to; other formats may be larger by what `transferLimit` says. */
  sizeBytes: number
  toolMemoryBytes: number
  /** Of the compressed bytes read, 0…1. */
  onProgress(share: number): void
}

function unpackLimit(first: Buffer, sizeBytes: number): number {
  // Anything but an image format with a magic at its begin is raw, and raw has to fit as it is.
  return /^(QFI\xfb|KDMV|conectix|vhdxfile|<<< )/.test(first.toString('latin1', 0, 16))
    ? transferLimit(sizeBytes)
    : sizeBytes
}

/**
 * Unpacks into a sparse file.
 * @throws ImportFailure when the data are damaged or unpack to more than the disk takes
 */
export async function unpack(options: UnpackOptions): Promise<void> {
  const { output, end, stop } =
    options.compression === 'gzip' ? gunzip(options) : decompress(options, options.compression)
  const file = await open(options.to, 'w', 0o600)
  try {
    const writer = new SparseWriter(file)
    let limit: number | undefined
    for await (const chunk of output) {
      const data: Buffer = chunk
      limit ??= unpackLimit(data, options.sizeBytes)
      if (writer.length + data.length > limit)
        throw new ImportFailure(
          `The image unpacks to more than ${formatBytes(limit)}, too much for a disk of ${formatBytes(options.sizeBytes)}. ` +
            'Ask for a larger disk.',
          'never',
        )
      await writer.write(data)
    }
    await writer.end()
  } catch (error) {
    stop()
    if (error instanceof ImportFailure || isDiskFull(error)) throw error
    throw damaged(error instanceof Error ? error.message : String(error), error)
  } finally {
    await file.close()
  }
  await end()
}

function damaged(detail: string, cause?: unknown): ImportFailure {
  return new ImportFailure(`The compressed image is damaged and can not be unpacked (${detail}).`, 'never', { cause })
}

interface Unpacking {
  output: Readable
  /** After the last byte: throws when the program says that something was wrong. */
  end(): Promise<void>
  /** Ends it early. */
  stop(): void
}

function counted({ from, length, onProgress }: UnpackOptions): Readable {
  const input = createReadStream(from, { highWaterMark: 256 * 1024 })
  input.on('data', () => onProgress(Math.min(1, input.bytesRead / length)))
  return input.pause()
}

function gunzip(options: UnpackOptions): Unpacking {
  const input = counted(options)
  const output = createGunzip({ chunkSize: 256 * 1024 })
  input.on('error', (error) => output.destroy(error))
  const stop = () => {
    input.destroy()
    output.destroy()
  }
  return { output: input.pipe(output), end: () => Promise.resolve(), stop }
}

function decompress(options: UnpackOptions, compression: keyof typeof programs): Unpacking {
  const tool = spawnTool(programs[compression], { memoryBytes: options.toolMemoryBytes, cpuSeconds: 4 * 3600 })
  const input = counted(options)
  const stop = () => {
    input.destroy()
    tool.kill('SIGKILL')
  }
  // A program that gives up early closes its input; why it did is on its standard error.
  tool.stdin.on('error', () => input.destroy())
  input.on('error', stop)
  input.pipe(tool.stdin)
  const ended: Promise<ToolEnd | Error> = toolEnd(tool).catch((error: Error) => {
    tool.stdout.destroy()
    return error
  })
  const end = async () => {
    const result = await ended
    if (result instanceof Error) throw result
    if (result.code === 127 || /failed to execute/.test(result.stderr))
      throw new ImportFailure(
        `The image is compressed with ${compression}, and this host has no ${compression} program. ` +
          `Install the package ${compression === 'xz' ? 'xz-utils' : 'zstd'}, or offer the image as .gz.`,
        'later',
      )
    if (result.code !== 0) throw damaged(result.stderr.split('\n')[0] || `${compression} ended with ${result.signal}`)
  }
  return { output: tool.stdout, end, stop }
}
