import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { MachineDirectory } from './machine-directory'
import { runFiles } from './qemu/command-line'
import { SerialHub } from './serial-hub'
import { machineSpec, readUntil, until } from './test-agent'
import { connectUnix, listenUnix } from './unix-socket'

const home = mkdtempSync(join(tmpdir(), 'chiave-serial-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

test('a viewer that does not read is dropped and the others see everything', async () => {
  const server = createServer()
  const path = join(home, 'serial.sock')
  const stop = await listenUnix(server, path)
  const hub = new SerialHub(() => connectUnix(path))
  const connected = once(server, 'connection') as Promise<[Socket]>
  const [slow, quick] = [await hub.open(), await hub.open()]
  const [guest] = await connected
  let seen = 0
  quick.on('data', (chunk: Buffer) => {
    seen += chunk.length
  })
  const dropped = once(slow, 'close')
  slow.on('error', () => undefined)
  for (let part = 0; part < 64; part++) guest.write(Buffer.alloc(2 ** 16, 'x'))
  await dropped
  await until(() => seen === 64 * 2 ** 16)
  quick.write('typed')
  expect(String(await once(guest, 'data'))).toBe('typed')
  guest.destroy()
  await until(() => quick.readableEnded || quick.destroyed, 'the end of the stream')
  // The next viewer makes the next connection.
  const again = once(server, 'connection') as Promise<[Socket]>
  const third = await hub.open()
  const [next] = await again
  next.write('hello')
  await readUntil(third, 'hello')
  await hub.close()
  await stop()
})

test('a console log is cut when it grows too large, and its end can be read over the cut', async () => {
  const directory = new MachineDirectory(join(home, 'machine'))
  await directory.create(machineSpec('logs'), { accelerator: 'tcg', limits: 'prlimit' })
  const log = directory.file(runFiles.serialLog)
  writeFileSync(log, `${'x'.repeat(9 * 2 ** 20)}before`)
  await directory.rotateLogs()
  expect(statSync(log).size).toBe(0)
  writeFileSync(log, ' after')
  expect(await directory.serialTail(12)).toBe('before after')
  expect(await directory.serialTail(4)).toBe('fter')
  await directory.rotateLogs()
  expect(await directory.serialTail(12)).toBe('before after')
})

test('a log that has become a link to elsewhere is not followed', async () => {
  const directory = new MachineDirectory(join(home, 'linked'))
  await directory.create(machineSpec('links'), { accelerator: 'tcg', limits: 'prlimit' })
  const secret = join(home, 'secret')
  writeFileSync(secret, 'x'.repeat(9 * 2 ** 20))
  symlinkSync(secret, directory.file(runFiles.serialLog))
  await directory.rotateLogs()
  expect(statSync(secret).size).toBe(9 * 2 ** 20)
  expect(await directory.serialTail(100)).toBe('')
})
