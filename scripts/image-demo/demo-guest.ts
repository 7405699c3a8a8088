import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface GuestOptions {
  image: string
  userData: string
  /** Further arguments for QEMU. */
  disk: 'virtio' | 'sata'
  network: 'virtio-net-pci' | 'e1000e'
}

/** A machine of the demo image in software emulation, for tests: its disk is thrown away, its serial console is talked to. */
export class DemoGuest {
  readonly #directory = mkdtempSync(join(tmpdir(), 'chiave-demo-'))
  readonly #process: ChildProcess
  #console: Socket | undefined
  #text = ''
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>

  constructor({ image, userData, disk, network }: GuestOptions) {
    const path = (name: string) => join(this.#directory, name)
    writeFileSync(path('user-data'), userData)
    writeFileSync(path('meta-data'), 'instance-id: test\nlocal-hostname: from-meta\n')
    const seed = ['-quiet', '-o', path('seed.iso'), '-volid', 'cidata', '-joliet', '-rock']
    execFileSync('genisoimage', [...seed, path('user-data'), path('meta-data')])
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', image, '-F', 'qcow2', path('disk.qcow2'), '512M'])
    const arguments_ = [
      ...['-M', 'q35', '-accel', 'tcg', '-m', '128', '-display', 'none', '-device', 'virtio-rng-pci'],
      ...['-drive', `file=${path('disk.qcow2')},if=none,id=disk`],
      ...['-device', disk === 'virtio' ? 'virtio-blk-pci,drive=disk' : 'ide-hd,drive=disk'],
      ...[
        '-drive',
        `file=${path('seed.iso')},format=raw,readonly=on,${disk === 'virtio' ? 'if=virtio' : 'media=cdrom'}`,
      ],
      ...['-netdev', 'user,id=net', '-device', `${network},netdev=net`],
      ...['-serial', `unix:${path('serial')},server=on,wait=on`, '-qmp', `unix:${path('qmp')},server=on,wait=off`],
    ]
    this.#process = spawn('qemu-system-x86_64', arguments_, { stdio: ['ignore', 'ignore', 'inherit'] })
    this.ended = new Promise((resolve) => this.#process.once('close', resolve))
  }

  /** Connects to the serial console, for which the machine waits. */
  async open(): Promise<void> {
    this.#console = await connectSoon(join(this.#directory, 'serial'))
    this.#console.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text
    })
    // It closes with the machine.
    this.#console.on('error', () => undefined)
  }

  /** Waits until the console says so, and gives all that it said up to there. */
  async expect(words: string, milliseconds: number): Promise<string> {
    const deadline = Date.now() + milliseconds
    for (;;) {
      const at = this.#text.indexOf(words)
      if (at >= 0) {
        const said = this.#text.slice(0, at)
        this.#text = this.#text.slice(at + words.length)
        return said
      }
      if (Date.now() > deadline) throw new Error(`The console never said “${words}”, but: ${this.#text}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  type(line: string): void {
    this.#console?.write(`${line}\n`)
  }

  /** Runs a command in the shell and gives what it printed. */
  async run(command: string): Promise<string> {
    // What is typed is echoed: the arithmetic tells the echo from the end.
    this.type(`echo B$((1)); ${command}; echo E$((1))`)
    await this.expect('B1\r\n', 60_000)
    return (await this.expect('E1\r\n', 60_000)).replaceAll('\r\n', '\n')
  }

  async pressPowerButton(): Promise<void> {
    const qmp = await connectSoon(join(this.#directory, 'qmp'))
    qmp.on('error', () => undefined)
    qmp.write('{"execute":"qmp_capabilities"}\n{"execute":"system_powerdown"}\n')
  }

  /** Ends it, however it is, and removes what it left. */
  async end(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.ended
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

async function connectSoon(path: string): Promise<Socket> {
  for (let tries = 0; ; tries++) {
    try {
      return await new Promise((resolve, reject) => {
        const socket = connect(path, () => resolve(socket)).once('error', reject)
      })
    } catch (error) {
      // QEMU makes its sockets in its own time.
      if (tries > 200) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
