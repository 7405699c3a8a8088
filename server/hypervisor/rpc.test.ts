import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { duplexPair, PassThrough } from 'node:stream'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Hypervisor,
  HypervisorError,
  type HypervisorEvent,
  type MachineSpec,
  type PortTarget,
} from '@/server/operator/engine/hypervisor-port'
import { connectHypervisor } from './remote-hypervisor'
import { serveHypervisor } from './rpc-server'
import { machineSpec, until } from './test-agent'
import { connectUnix } from './unix-socket'

const log = pino({ level: 'silent' })
const done = new AbortController()
let home: string
// Longer than a socket's address may be.
let socketPath: string
let emit: (event: HypervisorEvent) => void = () => undefined
const started: MachineSpec[] = []

/** The wire is what is tested here: the far end only has to answer. */
const far = {
  machine: () => Promise.resolve(undefined),
  machines: () => Promise.resolve([]),
  startMachine: (spec: MachineSpec) => {
    started.push(spec)
    return Promise.reject(new HypervisorError('NoSpace', 'The disk is full.'))
  },
  kill: () => Promise.reject(new Error('a fault inside')),
  serialLog: (id: string, maxBytes: number) => Promise.resolve(`${id} ${'è'.repeat(maxBytes / 2)}`),
  openStream: () => {
    const [near, other] = duplexPair()
    other.pipe(other)
    return Promise.resolve(near)
  },
  openPort: ({ port, protocol }: PortTarget) => {
    if (port === 9) return Promise.reject(new HypervisorError('Refused', 'Nobody is there.'))
    return Promise.resolve(new PassThrough({ objectMode: protocol === 'udp' }))
  },
  subscribe: (onEvent: (event: HypervisorEvent) => void) => {
    emit = onEvent
  },
} as unknown as Hypervisor

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'chiave-rpc-'))
  socketPath = join(home, 'a'.repeat(80), 'b'.repeat(80), 'agent.sock')
  await mkdir(dirname(socketPath), { recursive: true })
})

afterAll(async () => {
  done.abort()
  await rm(home, { recursive: true, force: true })
})

test('calls, errors, events and streams pass over a socket of any path, and over a new agent', async () => {
  const events: HypervisorEvent[] = []
  const hypervisor = connectHypervisor({ socketPath, log, signal: done.signal })
  hypervisor.subscribe((event) => events.push(event), done.signal)
  await expect(hypervisor.machines()).rejects.toMatchObject({ code: 'Unavailable' })

  const server = await serveHypervisor({ hypervisor: far, socketPath, log, signal: done.signal })
  await until(() => events.length === 1)
  expect(events[0]).toEqual({ type: 'reconnected', id: '' })
  expect(statSync(socketPath).mode & 0o777).toBe(0o600)
  expect(await hypervisor.machine('none')).toBeUndefined()
  expect(await hypervisor.machines()).toEqual([])
  await expect(hypervisor.startMachine(machineSpec('full'))).rejects.toMatchObject({
    code: 'NoSpace',
    message: 'The disk is full.',
  })
  expect(started).toHaveLength(1)
  await expect(hypervisor.kill('x')).rejects.toMatchObject({ code: 'Failed', message: 'a fault inside' })
  expect((await hypervisor.serialLog('long', 2 ** 21)).length).toBe(2 ** 20 + 5)
  emit({ type: 'disk', id: 'd1' })
  await until(() => events.length === 2)
  expect(events[1]).toEqual({ type: 'disk', id: 'd1' })

  const sent = randomBytes(2 ** 20)
  const stream = await hypervisor.openStream('x', 'vnc')
  const got: Buffer[] = []
  stream.on('data', (chunk: Buffer) => got.push(chunk))
  stream.write(sent)
  await until(() => Buffer.concat(got).length === sent.length)
  expect(Buffer.concat(got).equals(sent)).toBe(true)
  stream.destroy()

  await server.close()
  await until(() =>
    hypervisor.machines().then(
      () => false,
      () => true,
    ),
  )
  const next = await serveHypervisor({ hypervisor: far, socketPath, log, signal: done.signal })
  await until(() => events.length === 3)
  expect(await hypervisor.machines()).toEqual([])
  await next.close()
})

test('ports of guests are streams of bytes, or of datagrams that stay what they are', async () => {
  const server = await serveHypervisor({ hypervisor: far, socketPath, log, signal: done.signal })
  const hypervisor = connectHypervisor({ socketPath, log, signal: done.signal })
  await expect(hypervisor.openPort({ id: 'x', port: 9, protocol: 'tcp' })).rejects.toMatchObject({ code: 'Refused' })
  for (const port of [0, 65_536, 1.5])
    await expect(hypervisor.openPort({ id: 'x', port, protocol: 'tcp' })).rejects.toMatchObject({ code: 'Invalid' })

  const bytes = await hypervisor.openPort({ id: 'x', port: 22, protocol: 'tcp' })
  bytes.write('hello')
  expect(String(await once(bytes, 'data'))).toBe('hello')
  bytes.destroy()

  const datagrams = await hypervisor.openPort({ id: 'x', port: 53, protocol: 'udp' })
  const sent = [1, 0, 1_400, 65_507, 2].map((length) => randomBytes(length))
  const got: Buffer[] = []
  datagrams.on('data', (datagram: Buffer) => got.push(datagram))
  for (const datagram of sent) datagrams.write(datagram)
  await until(() => got.length === sent.length, 'the datagrams')
  expect(got.map((datagram) => datagram.toString('hex'))).toEqual(sent.map((datagram) => datagram.toString('hex')))
  const closed = once(datagrams, 'close')
  datagrams.end()
  await closed
  await server.close()
})

test('malformed input ends its connection and nothing else', async () => {
  const server = await serveHypervisor({ hypervisor: far, socketPath, log, signal: done.signal })
  const stop = new AbortController()
  const hypervisor = connectHypervisor({ socketPath, log, signal: stop.signal })
  const calls = '{"open":"calls"}\n'
  for (const input of [
    'GET / HTTP/1.1\r\n\r\n',
    '\n',
    '{"open":"everything"}\n',
    '{"open":"stream","id":"../../x","stream":"vnc"}\n',
    `${'x'.repeat(8192)}\n`,
    `${calls}not json\n`,
    `${calls}{"id":"1","method":"host","args":[]}\n`,
    `${calls}{"id":1,"method":"host"}\n`,
    `${calls}${'9'.repeat(9 * 2 ** 20)}`,
    randomBytes(65_536),
  ]) {
    const socket = await connectUnix(socketPath)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    // The far end may hang up while it is still being written to.
    socket.on('error', () => socket.destroy())
    socket.on('data', () => undefined)
    socket.write(input)
    await closed
  }
  expect(await hypervisor.machines()).toEqual([])
  stop.abort()
  await server.close()
})

test('arguments are checked before they reach the host', async () => {
  const server = await serveHypervisor({ hypervisor: far, socketPath, log, signal: done.signal })
  const stop = new AbortController()
  const hypervisor = connectHypervisor({ socketPath, log, signal: stop.signal })
  const before = started.length
  await expect(hypervisor.machine('../x')).rejects.toMatchObject({ code: 'Invalid' })
  await expect(hypervisor.serialLog('x', -1)).rejects.toMatchObject({ code: 'Invalid' })
  await expect(hypervisor.startMachine({ ...machineSpec('x'), name: '' })).rejects.toMatchObject({ code: 'Invalid' })
  await expect(
    hypervisor.createDisk({ id: 'x', name: 'x', sizeBytes: 1.5, source: { type: 'blank' } }),
  ).rejects.toMatchObject({ code: 'Invalid' })
  const socket = await connectUnix(socketPath)
  socket.write('{"open":"calls"}\n{"id":7,"method":"constructor","args":[]}\n')
  const line = await new Promise<string>((resolve) => socket.once('data', (chunk: Buffer) => resolve(chunk.toString())))
  expect(JSON.parse(line)).toMatchObject({ id: 7, error: { code: 'Invalid' } })
  socket.destroy()
  expect(started.length).toBe(before)
  stop.abort()
  await server.close()
})
