import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { HypervisorError, type MachineSpec, type PortTarget } from '@/server/operator/engine/hypervisor-port'
import { Keyed } from './keyed'
import { forwardAddress } from './loopback-guard'
import { netdevId } from './qemu/network'
import { readUserNetwork, type UserNetworkSocket } from './qemu/user-network'

export interface GuestPortsParts {
  spec: MachineSpec
  log: Logger
  /** Runs a line of QEMU's human monitor and gives what it prints. */
  monitor(line: string): Promise<string>
  /** Milliseconds a guest may take to accept a connection; ten seconds when left out. */
  timeout?: number
}

type Protocol = PortTarget['protocol']

/** Streams to one guest at a time. */
export const maxOpenPorts = 64
const openTimeout = 10_000
/** Bytes of datagrams from the guest that may wait for a slow reader; more are lost, as UDP's are. */
const maxWaiting = 2 ** 20

/** A forward of datagrams. A guest's answers leave by the first forward of its port, so all streams share one. */
interface SharedForward {
  hostPort: number
  users: number
}

/**
 * The way to the ports of one guest behind QEMU's user-mode network. QEMU is told to listen on a port that the kernel
 * chooses, is connected to, and stops listening at once: a connection that it has accepted lasts. Who else could connect
 * in that moment is the loopback guard's business. Datagrams know no connections: their port stays while a stream is open.
 */
export class GuestPorts {
  readonly #streams = new Set<Duplex>()
  #opening = 0
  /** Forwards come and go one after the other, so that the one that listens is known. */
  readonly #turns = new Keyed()
  readonly #shared = new Map<number, SharedForward>()
  /** An agent before this one may have left something, or a forward could not be taken back. */
  #leftovers = true
  #closed = false

  constructor(private readonly parts: GuestPortsParts) {}

  /** See `Hypervisor.openPort`. */
  async open(port: number, protocol: Protocol): Promise<Duplex> {
    const { spec } = this.parts
    if (spec.interfaces.length === 0) throw new HypervisorError('Unsupported', `${spec.name} has no network interface.`)
    if (this.#streams.size + this.#opening >= maxOpenPorts)
      throw new HypervisorError('Busy', `${maxOpenPorts} connections to ports of ${spec.name} are open already.`)
    this.#opening++
    try {
      const stream = protocol === 'tcp' ? await this.#openTcp(port) : await this.#openUdp(port)
      this.#streams.add(stream)
      stream.once('close', () => this.#streams.delete(stream))
      return stream
    } finally {
      this.#opening--
    }
  }

  /** Takes back what an agent before left listening. */
  async clear(): Promise<void> {
    await this.#turns.run('forwards', () => this.#clear()).catch((error: unknown) => this.#warn(error))
  }

  /** Ends every stream; for when the machine is gone. */
  close(): void {
    this.#closed = true
    for (const stream of this.#streams) stream.destroy()
  }

  async #openTcp(port: number): Promise<Socket> {
    const deadline = Date.now() + (this.parts.timeout ?? openTimeout)
    const attempt = await this.#turns.run('forwards', () => this.#connect(port, deadline))
    try {
      await this.#poll(attempt, deadline, (states) =>
        states.some((state) => state !== 'SYN_SENT' && state !== 'CLOSED'),
      )
      return attempt.release()
    } catch (error) {
      attempt.socket.destroy()
      throw error
    }
  }

  /** A connection that QEMU has accepted, with the port it came in by closed again. */
  async #connect(port: number, deadline: number): Promise<Attempt> {
    requireTime(deadline)
    if (this.#leftovers) await this.#clear()
    const hostPort = await this.#add('tcp', port)
    try {
      const attempt = await Attempt.connect(hostPort, deadline)
      // Until then the connection would go with the port. A guest that refuses at once ends it just as well.
      await this.#poll(attempt, deadline, (states) => states.length > 0).catch((error: unknown) => {
        attempt.socket.destroy()
        throw error
      })
      return attempt
    } finally {
      await this.#remove('tcp', hostPort)
    }
  }

  /** Looks at a connection's states within QEMU until they are as wanted, or the guest has sent something. */
  async #poll(attempt: Attempt, deadline: number, wanted: (states: string[]) => boolean): Promise<void> {
    for (let pause = 4; !attempt.hasData; pause = Math.min(pause * 2, 100)) {
      const states = (await this.#sockets())
        .filter(({ protocol, port, state }) => protocol === 'tcp' && port === attempt.hostPort && state !== listening)
        .map(({ state }) => state)
      if (wanted(states)) return
      if (attempt.ended) throw new HypervisorError('Refused', 'The guest refuses the connection.')
      requireTime(deadline)
      await attempt.change(pause)
    }
  }

  async #openUdp(port: number): Promise<Duplex> {
    const hostPort = await this.#turns.run('forwards', () => this.#share(port))
    const release = () => this.#turns.run('forwards', () => this.#unshare(port)).catch((error) => this.#warn(error))
    try {
      const stream = await connectDatagrams(hostPort)
      stream.once('close', () => void release())
      return stream
    } catch (error) {
      await release()
      throw error
    }
  }

  async #share(port: number): Promise<number> {
    if (this.#leftovers) await this.#clear()
    const shared = this.#shared.get(port) ?? { hostPort: await this.#add('udp', port), users: 0 }
    shared.users++
    this.#shared.set(port, shared)
    return shared.hostPort
  }

  async #unshare(port: number): Promise<void> {
    const shared = this.#shared.get(port)
    if (!shared || --shared.users > 0) return
    this.#shared.delete(port)
    await this.#remove('udp', shared.hostPort)
  }

  /** Has QEMU listen; gives the port that the kernel chose. */
  async #add(protocol: Protocol, guestPort: number): Promise<number> {
    const address = this.parts.spec.interfaces[0]?.backend.address ?? ''
    const rule = `${protocol}:${forwardAddress}:0-${address}:${guestPort}`
    this.#leftovers = true
    const refusal = (await this.parts.monitor(`hostfwd_add ${netdevId(0)} ${rule}`)).trim()
    if (refusal !== '') throw new HypervisorError('Failed', refusal)
    const [added, more] = (await this.#forwards()).filter((forward) => forward.protocol === protocol)
    if (!added || more) throw new HypervisorError('Failed', 'QEMU does not tell where it listens.')
    this.#leftovers = false
    return added.port
  }

  async #remove(protocol: Protocol, hostPort: number): Promise<void> {
    if (this.#closed) return
    try {
      const said = await this.parts.monitor(`hostfwd_remove ${netdevId(0)} ${protocol}:${forwardAddress}:${hostPort}`)
      if (!/ removed\s*$/.test(said)) throw new Error(said.trim())
    } catch (error) {
      // The next one to open a port tries again.
      this.#leftovers = true
      this.#warn(error)
    }
  }

  async #clear(): Promise<void> {
    this.#leftovers = false
    for (const { protocol, port } of await this.#forwards()) await this.#remove(protocol, port)
  }

  /** What listens that no open stream shares. */
  async #forwards(): Promise<UserNetworkSocket[]> {
    const shared = new Set([...this.#shared.values()].map(({ hostPort }) => hostPort))
    return (await this.#sockets()).filter(
      ({ protocol, state, port }) => state === listening && !(protocol === 'udp' && shared.has(port)),
    )
  }

  async #sockets(): Promise<UserNetworkSocket[]> {
    return readUserNetwork(await this.parts.monitor('info usernet')).filter(({ address }) => address === forwardAddress)
  }

  #warn(error: unknown): void {
    // Its ports went with the machine.
    if (this.#closed) return
    this.parts.log.warn({ err: error, machine: this.parts.spec.id }, 'a forwarded port could not be taken back')
  }
}

const listening = 'HOST_FORWARD'

function requireTime(deadline: number): void {
  if (Date.now() > deadline) throw new HypervisorError('TimedOut', 'The guest does not answer.')
}

/** A connection of which nothing has been read yet. */
class Attempt {
  #ended = false

  private constructor(
    readonly socket: Socket,
    readonly hostPort: number,
  ) {
    socket.on('error', this.#onEnd).on('close', this.#onEnd).on('end', this.#onEnd).on('readable', this.#onReadable)
  }

  static async connect(hostPort: number, deadline: number): Promise<Attempt> {
    const socket = createConnection({ host: forwardAddress, port: hostPort, noDelay: true })
    try {
      await once(socket, 'connect', { signal: AbortSignal.timeout(Math.max(1, deadline - Date.now())) })
      return new Attempt(socket, hostPort)
    } catch (error) {
      socket.on('error', () => undefined).destroy()
      throw new HypervisorError('Failed', `QEMU can not be connected to: ${String(error)}`)
    }
  }

  get hasData(): boolean {
    return this.socket.readableLength > 0
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Resolves when the connection has data or an end, after `pause` milliseconds at the latest. */
  async change(pause: number): Promise<void> {
    const stop = new AbortController()
    const events = ['readable', 'close'].map((name) => once(this.socket, name, { signal: stop.signal }))
    // An error is an end, and the abort is ours.
    await Promise.race([sleep(pause), ...events.map((event) => event.catch(() => undefined))])
    stop.abort()
  }

  /** Hands the connection over, with all that came so far. */
  release(): Socket {
    const { socket } = this
    socket.off('close', this.#onEnd).off('end', this.#onEnd).off('readable', this.#onReadable)
    // The listener for errors stays, so that none ever finds nobody listening.
    return socket
  }

  readonly #onEnd = () => {
    this.#ended = true
  }

  readonly #onReadable = () => {
    // Without data that is the end, which only shows when it is read.
    if (!this.hasData) this.socket.read()
  }
}

/** Every chunk is a datagram, both ways. */
async function connectDatagrams(hostPort: number): Promise<Duplex> {
  const socket = createSocket('udp4')
  const stream = new Duplex({
    objectMode: true,
    read: () => undefined,
    write: (chunk: Buffer, _encoding, callback) => socket.send(chunk, (error) => callback(error)),
    final: (callback) => {
      stream.destroy()
      callback()
    },
    destroy: (error, callback) => socket.close(() => callback(error)),
  })
  let waiting = 0
  socket.on('message', (message) => {
    waiting = stream.readableLength === 0 ? 0 : waiting
    if (stream.destroyed || waiting > maxWaiting) return
    waiting += message.length
    stream.push(message)
  })
  socket.on('error', (error) => stream.destroy(error))
  stream.on('error', () => undefined)
  // QEMU sends a guest's answers to this address of the host, whichever one the question came from.
  socket.bind({ address: '127.0.0.1' })
  await once(socket, 'listening')
  socket.connect(hostPort, forwardAddress)
  await once(socket, 'connect')
  return stream
}
