import type { Duplex } from 'node:stream'
import type { VirtualMachineInstance } from '@/contract/kinds/virtual-machine-instance'
import { ApiError } from '@/server/cluster/kube-client'
import { plainFailure } from './guest'
import { fieldOf, hostOf, readInstance } from './read-machine'
import { asApiError, badRequest, conflict, internalError, unavailable } from './refusals'
import type { SubresourceContext, SubresourceHandler, SubresourceParts, SubresourceResult } from './subresource-handler'

/** The guest's screen, serial line and what else is joined to a client as a stream. */
export function consoleHandlers(parts: SubresourceParts): SubresourceHandler[] {
  const viewers = new Map<string, Duplex>()
  const stream = (subresource: string, open: NonNullable<SubresourceHandler['open']>): SubresourceHandler => ({
    resource: 'virtualmachineinstances',
    subresource,
    method: 'GET',
    open,
  })
  return [
    stream('vnc', (context) => openScreen(parts, context, viewers)),
    stream('console', (context) => openSerial(parts, context)),
    stream('usbredir', (context) => openUsb(parts, context)),
    stream('vsock', (context) => openVsock(parts, context)),
    {
      resource: 'virtualmachineinstances',
      subresource: 'vnc/screenshot',
      method: 'GET',
      handle: (context) => screenshot(parts, context),
    },
  ]
}

/** An instance has one screen session: a new one ends the old, unless it asks not to. */
async function openScreen(
  parts: SubresourceParts,
  context: SubresourceContext,
  viewers: Map<string, Duplex>,
): Promise<Duplex> {
  const vmi = await readInstance(parts, context)
  requireScreen(vmi)
  const { hypervisor, id } = hostOf(parts, vmi)
  if (viewers.has(id) && isTrue(context.query.get('preserveSession'))) {
    throw unavailable('the screen is in use by another session')
  }
  const duplex = await asApiError(hypervisor.openStream(id, 'vnc'))
  viewers.get(id)?.destroy()
  viewers.set(id, duplex)
  duplex.once('close', () => {
    if (viewers.get(id) === duplex) viewers.delete(id)
  })
  return duplex
}

/** As Go reads a boolean. */
function isTrue(text: string | null): boolean {
  return text !== null && ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)
}

async function openSerial(parts: SubresourceParts, context: SubresourceContext): Promise<Duplex> {
  const vmi = await readInstance(parts, context)
  if (vmi.spec.domain.devices.autoattachSerialConsole === false) throw badRequest('No serial consoles are present.')
  if (vmi.status?.phase === 'Failed') throw conflict('virtualmachineinstance', context.name, 'VMI is in failed status')
  requireRunning(vmi)
  const { hypervisor, id } = hostOf(parts, vmi)
  return asApiError(hypervisor.openStream(id, 'serial'))
}

async function openUsb(parts: SubresourceParts, context: SubresourceContext): Promise<Duplex> {
  const vmi = await readInstance(parts, context)
  if (fieldOf(vmi.spec.domain.devices, 'clientPassthrough') === undefined) {
    throw conflict('virtualmachineinstance', context.name, 'Not configured with USB Redirection')
  }
  requireRunning(vmi)
  throw internalError('this host gives its guests no USB redirection')
}

async function openVsock(parts: SubresourceParts, context: SubresourceContext): Promise<Duplex> {
  const vmi = await readInstance(parts, context)
  if (fieldOf(vmi.spec.domain.devices, 'autoattachVSOCK') !== true) throw badRequest('VSOCK is not attached.')
  throw internalError('this host gives its guests no VSOCK')
}

async function screenshot(parts: SubresourceParts, context: SubresourceContext): Promise<SubresourceResult> {
  try {
    const vmi = await readInstance(parts, context)
    requireScreen(vmi)
    const { hypervisor, id } = hostOf(parts, vmi)
    const png = await asApiError(hypervisor.screenshot(id))
    return { status: 200, body: Buffer.from(png, 'base64'), contentType: 'image/png' }
  } catch (error) {
    // As the real server: whatever is wrong with the instance, it is a 500 of bare text.
    if (error instanceof ApiError) return plainFailure(error.message)
    throw error
  }
}

function requireScreen(vmi: VirtualMachineInstance): void {
  if (vmi.spec.domain.devices.autoattachGraphicsDevice === false) throw badRequest('No graphics devices are present.')
  requireRunning(vmi)
}

function requireRunning(vmi: VirtualMachineInstance): void {
  if (vmi.status?.phase !== 'Running') throw badRequest('VMI is not running')
}
