import type { Duplex } from 'node:stream'
import type { VirtualMachineInstance } from '@/contract/kinds/virtual-machine-instance'
import { hostOf, readInstance } from './read-machine'
import { asApiError, badRequest, conflict, internalError, unavailable } from './refusals'
import type { SubresourceContext, SubresourceHandler, SubresourceParts, SubresourceResult } from './subresource-handler'

/** The guest's screen and serial line. */
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
  if (!hasScreen(vmi)) throw badRequest('No graphics devices are present.')
  requireRunning(vmi)
  const { hypervisor, id } = hostOf(parts, vmi)
  const present = viewers.get(id)
  if (present && context.query.get('preserveSession') === 'true') {
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

async function openSerial(parts: SubresourceParts, context: SubresourceContext): Promise<Duplex> {
  const vmi = await readInstance(parts, context)
  if (vmi.spec.domain.devices.autoattachSerialConsole === false) throw badRequest('No serial consoles are present.')
  if (vmi.status?.phase === 'Failed') throw conflict('virtualmachineinstance', context.name, 'VMI is in failed status')
  requireRunning(vmi)
  const { hypervisor, id } = hostOf(parts, vmi)
  return asApiError(hypervisor.openStream(id, 'serial'))
}

async function screenshot(parts: SubresourceParts, context: SubresourceContext): Promise<SubresourceResult> {
  const vmi = await readInstance(parts, context).catch((error: unknown) => error)
  // As the real server: whatever is wrong, it is a 500.
  if (vmi instanceof Error) throw internalError(vmi.message)
  const instance = vmi as VirtualMachineInstance
  if (!hasScreen(instance)) throw internalError('No graphics devices are present.')
  if (instance.status?.phase !== 'Running') throw internalError('VMI is not running')
  const { hypervisor, id } = hostOf(parts, instance)
  const png = await asApiError(hypervisor.screenshot(id))
  return { status: 200, body: Buffer.from(png, 'base64'), contentType: 'image/png' }
}

function hasScreen(vmi: VirtualMachineInstance): boolean {
  return vmi.spec.domain.devices.autoattachGraphicsDevice !== false
}

function requireRunning(vmi: VirtualMachineInstance): void {
  if (vmi.status?.phase !== 'Running') throw badRequest('VMI is not running')
}
