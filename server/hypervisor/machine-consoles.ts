import { rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { HypervisorError, type MachineSpec } from '@/server/operator/engine/hypervisor-port'
import { readTail } from './guest-file'
import type { MachineDirectory } from './machine-directory'
import { pngFromPpm } from './png'
import { runFiles } from './qemu/command-line'
import { SerialHub } from './serial-hub'
import { connectUnix } from './unix-socket'

export interface MachineConsolesParts {
  spec: MachineSpec
  directory: MachineDirectory
  /** Throws HypervisorError Failed when the machine does not run. */
  requireProcess(): void
  /** A command of QEMU's monitor. */
  command(name: string, args?: Record<string, unknown>): Promise<unknown>
}

/** A 4K screen has 25 MB of pixels. */
const maxScreenshot = 64 * 2 ** 20

/** What can be seen of a machine: its screen and its serial console. */
export class MachineConsoles {
  readonly #parts: MachineConsolesParts
  readonly #serial: SerialHub
  #screenshots = 0

  constructor(parts: MachineConsolesParts) {
    this.#parts = parts
    this.#serial = new SerialHub(() => connectUnix(parts.directory.file(runFiles.serial)))
  }

  async openVnc(): Promise<Socket> {
    const { spec, directory, requireProcess } = this.#parts
    if (!spec.vga) throw new HypervisorError('Unsupported', `${spec.name} has no screen.`)
    requireProcess()
    return connectUnix(directory.file(runFiles.vnc)).catch((error: unknown) => unreachable('screen', error))
  }

  async openSerial(): Promise<Duplex> {
    const { spec, requireProcess } = this.#parts
    if (!spec.serialConsole) throw new HypervisorError('Unsupported', `${spec.name} has no serial console.`)
    requireProcess()
    return this.#serial.open().catch((error: unknown) => unreachable('serial console', error))
  }

  /** A PNG, base64. */
  async screenshot(): Promise<string> {
    const { spec, directory, command } = this.#parts
    if (!spec.vga) throw new HypervisorError('Unsupported', `${spec.name} has no screen.`)
    const name = join(runFiles.output, `screen-${++this.#screenshots}.ppm`)
    const path = join(directory.run, name)
    try {
      await command('screendump', { filename: name })
      return (await pngFromPpm(await readTail(path, maxScreenshot))).toString('base64')
    } finally {
      await rm(path, { force: true })
    }
  }

  async close(): Promise<void> {
    await this.#serial.close()
  }
}

function unreachable(what: string, error: unknown): never {
  const reason = error instanceof Error ? error.message : String(error)
  throw new HypervisorError('Unavailable', `The ${what} can not be reached: ${reason}`)
}
