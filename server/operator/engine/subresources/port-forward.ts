import { createSocket } from 'node:dgram'
import { createConnection, isIPv6 } from 'node:net'
import { Duplex } from 'node:stream'
import type { VirtualMachineInstance } from '@/contract/kinds/virtual-machine-instance'
import { isConditionTrue } from '../conditions'
import { hostOf, readInstance, readInstanceOfMachine } from './read-machine'
import { asApiError, badRequest, conflict, internalError } from './refusals'
import type { SubresourceContext, SubresourceHandler, SubresourceParts } from './subresource-handler'

/** A stream to a port of the guest, TCP unless the path ends with `/udp`. */
export function portForwardHandlers(parts: SubresourceParts): SubresourceHandler[] {
  const handler = (
    resource: 'virtualmachines' | 'virtualmachineinstances',
    read: (parts: SubresourceParts, context: SubresourceContext) => Promise<VirtualMachineInstance>,
  ): SubresourceHandler => ({
    resource,
    subresource: 'portforward',
    method: 'GET',
    open: async (context) => forward(parts, context, await read(parts, context)),
  })
  return [handler('virtualmachineinstances', readInstance), handler('virtualmachines', readInstanceOfMachine)]
}

async function forward(
  parts: SubresourceParts,
  { name, rest = '' }: SubresourceContext,
  vmi: VirtualMachineInstance,
): Promise<Duplex> {
  if (isConditionTrue(vmi.status?.conditions, 'Paused')) {
    throw conflict('virtualmachineinstance', name, 'VMI is paused')
  }
  const [first] = vmi.status?.interfaces ?? []
  if (!first) throw badRequest('no network interfaces are present')
  const { protocol, port } = readPort(rest)
  const address = first.ipAddress ?? ''
  const target = `${protocol} ${isIPv6(address) ? `[${address}]` : address}:${port}`
  const fail = (why: string) => internalError(`dialing VM: dial ${target}: ${why}`)
  if (address === '') throw fail('connect: connection refused')
  const { hypervisor } = hostOf(parts, vmi)
  const { network } = await asApiError(hypervisor.host())
  // The guest's address is one of its own network only: on the host's it may be somebody else's.
  if (network.mode === 'user') throw fail('connect: network is unreachable')
  return protocol === 'tcp' ? dialTcp({ address, port, fail }) : dialUdp({ address, port })
}

/** Reads `22` or `22/tcp`; refuses in the words of Go's net package. */
function readPort(rest: string): { protocol: 'tcp' | 'udp'; port: number } {
  const [text = '', protocol = 'tcp'] = rest.split('/')
  if (text === '') throw badRequest('port must not be empty')
  if (protocol !== 'tcp' && protocol !== 'udp') {
    throw internalError(`dialing VM: dial ${protocol}: unknown network ${protocol}`)
  }
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw internalError(`dialing VM: dial ${protocol}: address ${text}: invalid port`)
  }
  return { protocol, port }
}

interface Dial {
  address: string
  port: number
}

/** As long as virt-api waits. */
const dialTimeout = 10_000

function dialTcp({ address, port, fail }: Dial & { fail(why: string): Error }): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: address, port })
    socket.setTimeout(dialTimeout, () => socket.destroy(new Error('i/o timeout')))
    socket.once('error', (error: NodeJS.ErrnoException) => reject(fail(inGo(error))))
    socket.once('connect', () => {
      socket.setTimeout(0)
      resolve(socket)
    })
  })
}

function inGo({ code, message }: NodeJS.ErrnoException): string {
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connect: connection refused',
    EHOSTUNREACH: 'connect: no route to host',
    ENETUNREACH: 'connect: network is unreachable',
    ETIMEDOUT: 'connect: connection timed out',
  }
  return words[code ?? ''] ?? message
}

/** Every message is a datagram, both ways. */
function dialUdp({ address, port }: Dial): Promise<Duplex> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  const stream = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, callback) => socket.send(chunk, (error) => callback(error)),
    final: (callback) => {
      stream.destroy()
      callback()
    },
    destroy: (error, callback) => {
      socket.close()
      callback(error)
    },
  })
  socket.on('message', (message) => stream.push(message))
  socket.on('error', (error) => stream.destroy(error))
  return new Promise((resolve) => socket.connect(port, address, () => resolve(stream)))
}
