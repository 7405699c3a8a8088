import { chown, unlink } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Logger } from 'pino'
import { z } from 'zod'
import { type Hypervisor, HypervisorError, type HypervisorEvent } from '@/server/operator/engine/hypervisor-port'
import { datagramStream } from './datagrams'
import { joinStreams } from './join-streams'
import {
  maxRequestLine,
  type Opening,
  openingSchema,
  parseLine,
  type Request,
  readFirstLine,
  readLines,
  requestSchema,
  toLine,
  toWireError,
} from './rpc-protocol'
import { diskSpecSchema, idSchema, machineSpecSchema, parseInput, portTargetSchema } from './spec-schemas'
import { connectUnix, listenUnix } from './unix-socket'

export interface RpcServerOptions {
  hypervisor: Hypervisor
  socketPath: string
  /** The only user besides root who may connect, when this process is root. */
  socketOwner?: { uid: number; gid: number } | undefined
  log: Logger
  signal: AbortSignal
}

const noArgs = z.tuple([])
const oneId = z.tuple([idSchema])
const maxOpeningLine = 4096
/** Milliseconds a client may take to say what it wants. */
const openingTimeout = 10_000
/** What a client may leave unread before it is dropped. */
const maxBehindBytes = 32 * 2 ** 20

/** Serves a hypervisor on a unix socket of mode 0600. Call `refuseSecondAgent` before anything is touched. */
export async function serveHypervisor(options: RpcServerOptions): Promise<{ close(): Promise<void> }> {
  const { hypervisor, socketPath, socketOwner, log, signal } = options
  await unlink(socketPath).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  const methods = buildMethods(hypervisor)
  const connections = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
    socket.on('error', (error) => log.debug({ err: error }, 'client connection broke'))
    void acceptConnection(socket, { hypervisor, methods, log })
  })
  const stop = await listenUnix(server, socketPath)
  if (socketOwner) await chown(socketPath, socketOwner.uid, socketOwner.gid)
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= (async () => {
      for (const socket of connections) socket.destroy()
      await stop()
    })()
    return closing
  }
  signal.addEventListener('abort', () => void close(), { once: true })
  return { close }
}

/** Two agents would pull at the same machines. Throws when one serves there already. */
export async function refuseSecondAgent(socketPath: string): Promise<void> {
  const socket = await connectUnix(socketPath, 1_000).catch(() => undefined)
  if (!socket) return
  socket.destroy()
  throw new Error(`Another node agent already serves ${socketPath}.`)
}

type Method = (args: unknown[]) => Promise<unknown>

/** Every call of the port by its name, its arguments checked. */
function buildMethods(hypervisor: Hypervisor): ReadonlyMap<string, Method> {
  const call =
    <T>(schema: z.ZodType<T>, work: (args: T) => Promise<unknown>): Method =>
    (args) =>
      work(parseInput(schema, args))
  return new Map<string, Method>([
    ['host', call(noArgs, () => hypervisor.host())],
    ['machines', call(noArgs, () => hypervisor.machines())],
    ['machine', call(oneId, ([id]) => hypervisor.machine(id))],
    ['startMachine', call(z.tuple([machineSpecSchema]), ([spec]) => hypervisor.startMachine(spec))],
    ['powerdown', call(oneId, ([id]) => hypervisor.powerdown(id))],
    ['kill', call(oneId, ([id]) => hypervisor.kill(id))],
    ['pause', call(oneId, ([id]) => hypervisor.pause(id))],
    ['resume', call(oneId, ([id]) => hypervisor.resume(id))],
    ['reset', call(oneId, ([id]) => hypervisor.reset(id))],
    ['softReboot', call(oneId, ([id]) => hypervisor.softReboot(id))],
    ['removeMachine', call(oneId, ([id]) => hypervisor.removeMachine(id))],
    ['serialLog', call(z.tuple([idSchema, z.int().min(1)]), ([id, bytes]) => hypervisor.serialLog(id, bytes))],
    ['screenshot', call(oneId, ([id]) => hypervisor.screenshot(id))],
    ['disks', call(noArgs, () => hypervisor.disks())],
    ['disk', call(oneId, ([id]) => hypervisor.disk(id))],
    ['createDisk', call(z.tuple([diskSpecSchema]), ([spec]) => hypervisor.createDisk(spec))],
    ['resizeDisk', call(z.tuple([idSchema, z.int().min(1)]), ([id, size]) => hypervisor.resizeDisk(id, size))],
    ['deleteDisk', call(oneId, ([id]) => hypervisor.deleteDisk(id))],
  ])
}

interface ConnectionParts {
  hypervisor: Hypervisor
  methods: ReadonlyMap<string, Method>
  log: Logger
}

async function acceptConnection(socket: Socket, parts: ConnectionParts): Promise<void> {
  const line = await readFirstLine(socket, maxOpeningLine, openingTimeout)
  const opening = line === undefined ? undefined : parseLine(openingSchema, line)
  if (socket.destroyed) return
  if (!opening) {
    if (line !== undefined) parts.log.warn('a client does not speak the protocol')
    return void socket.destroy()
  }
  if (opening.open !== 'calls') return serveStream(socket, opening, parts)
  serveEvents(socket, parts.hypervisor)
  socket.once('end', () => socket.end())
  readLines(socket, maxRequestLine, (request) => {
    const parsed = parseLine(requestSchema, request)
    if (parsed) void answer(socket, parsed, parts)
    return parsed !== undefined
  })
}

function serveEvents(socket: Socket, hypervisor: Hypervisor): void {
  const ended = new AbortController()
  socket.once('close', () => ended.abort())
  hypervisor.subscribe((event: HypervisorEvent) => write(socket, toLine({ event })), ended.signal)
}

async function answer(socket: Socket, { id, method, args }: Request, { methods, log }: ConnectionParts): Promise<void> {
  try {
    const work = methods.get(method)
    if (!work) throw new HypervisorError('Invalid', `this agent knows no call ${method.slice(0, 64)}`)
    write(socket, toLine({ id, result: await work(args) }))
  } catch (error) {
    if (!(error instanceof HypervisorError)) log.error({ err: error, method }, 'call failed')
    write(socket, toLine({ id, error: toWireError(error) }))
  }
}

type StreamOpening = Exclude<Opening, { open: 'calls' }>

function openFor(opening: StreamOpening, hypervisor: Hypervisor): Promise<Duplex> {
  if (opening.open === 'stream') return hypervisor.openStream(parseInput(idSchema, opening.id), opening.stream)
  const { id, port, protocol } = opening
  return hypervisor.openPort(parseInput(portTargetSchema, { id, port, protocol }))
}

async function serveStream(
  socket: Socket,
  opening: StreamOpening,
  { hypervisor, log }: ConnectionParts,
): Promise<void> {
  try {
    const machine = await openFor(opening, hypervisor)
    if (socket.destroyed) return void machine.destroy()
    socket.write(toLine({ ok: true }))
    const datagrams = opening.open === 'port' && opening.protocol === 'udp'
    machine.on('error', (error) => log.debug({ err: error, opening }, 'stream broke'))
    joinStreams(datagrams ? datagramStream(socket) : socket, machine)
  } catch (error) {
    socket.end(toLine({ error: toWireError(error) }))
  }
}

function write(socket: Socket, line: string): void {
  if (socket.destroyed) return
  socket.write(line)
  if (socket.writableLength > maxBehindBytes) socket.destroy(new Error('the client does not read its answers'))
}
