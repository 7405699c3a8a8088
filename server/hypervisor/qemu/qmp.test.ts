import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { until } from '../test-agent'
import { connectUnix, listenUnix } from '../unix-socket'
import { Qmp, type QmpEvent } from './qmp'

const directory = mkdtempSync(join(tmpdir(), 'chiave-qmp-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

test('commands are answered, refusals are QEMU’s own words, events arrive, and the end is noticed', async () => {
  const path = join(directory, 'real.sock')
  const args = ['-machine', 'none', '-display', 'none', '-nodefaults', '-S', '-qmp', `unix:${path},server=on,wait=off`]
  const qemu = spawn('qemu-system-x86_64', args, { stdio: 'ignore' })
  const ended = once(qemu, 'exit')
  try {
    let socket: Socket | undefined
    await until(async () => {
      socket = await connectUnix(path).catch(() => undefined)
      return socket !== undefined
    })
    if (!socket) throw new Error('no monitor')
    const events: QmpEvent[] = []
    const qmp = await Qmp.open(socket, (event) => events.push(event))
    const [status, version] = await Promise.all([qmp.execute('query-status'), qmp.execute('query-version')])
    expect(status).toMatchObject({ status: 'prelaunch' })
    expect(version).toMatchObject({ qemu: {} })
    await expect(qmp.execute('no-such-command')).rejects.toMatchObject({
      code: 'Failed',
      message: expect.stringContaining('no-such-command'),
    })
    await qmp.execute('quit')
    await qmp.closed
    expect(events.map(({ event }) => event)).toContain('SHUTDOWN')
    await expect(qmp.execute('query-status')).rejects.toMatchObject({ code: 'Unavailable' })
  } finally {
    qemu.kill('SIGKILL')
    await ended
  }
})

describe('a monitor that has gone bad', () => {
  const greeting = '{"QMP":{"version":{},"capabilities":[]}}\n'
  const ready = '{"return":{},"id":1}\n'

  async function talkTo(answer: (line: string) => string): Promise<{ qmp: Promise<Qmp>; stop: () => Promise<void> }> {
    const server: Server = createServer((socket) => {
      socket.on('error', () => socket.destroy())
      socket.write(answer(''))
      socket.on('data', (chunk: Buffer) => socket.write(answer(chunk.toString())))
    })
    const path = join(directory, `bad-${Math.random().toString(36).slice(2)}.sock`)
    const stop = await listenUnix(server, path)
    return { qmp: Qmp.open(await connectUnix(path), () => undefined, 300), stop }
  }

  test.each([
    ['says nothing', () => ''],
    ['greets and then says nothing', (line: string) => (line === '' ? greeting : '')],
    ['speaks another protocol', () => 'RFB 003.008\n'],
    ['never ends its line', () => 'x'.repeat(5 * 2 ** 20)],
  ])('%s: it is given up', async (_title, answer) => {
    const { qmp, stop } = await talkTo(answer)
    await expect(qmp).rejects.toMatchObject({ code: 'Unavailable' })
    await stop()
  })

  test('leaves a command without an answer: the caller is told in time', async () => {
    const { qmp, stop } = await talkTo((line) =>
      line === '' ? greeting : line.includes('qmp_capabilities') ? ready : '',
    )
    const open = await qmp
    await expect(open.execute('stop', undefined, 100)).rejects.toMatchObject({ code: 'Unavailable' })
    open.close()
    await stop()
  })
})
