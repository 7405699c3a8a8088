import { isIPv6 } from 'node:net'
import type { Duplex } from 'node:stream'
import type { VirtualMachineInstance } from '@/contract/kinds/virtual-machine-instance'
import { isConditionTrue } from '../conditions'
import { HypervisorError } from '../hypervisor-port'
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
  if (address === '' || port === 0) throw fail('connect: connection refused')
  const { hypervisor, id } = hostOf(parts, vmi)
  const opened = hypervisor.openPort({ id, port, protocol }).catch((error: unknown) => {
    const words = error instanceof HypervisorError ? inGo[error.code] : undefined
    throw words === undefined ? error : fail(words)
  })
  return asApiError(opened)
}

/** What virt-api's dialer would say. */
const inGo: Partial<Readonly<Record<HypervisorError['code'], string>>> = {
  Refused: 'connect: connection refused',
  TimedOut: 'i/o timeout',
  Busy: 'connect: resource temporarily unavailable',
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
