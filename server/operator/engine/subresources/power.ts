import { podKind } from '@/contract/kinds/core'
import {
  type RunStrategy,
  type StateChangeRequest,
  type VirtualMachine,
  virtualMachineKind,
} from '@/contract/kinds/virtual-machine'
import { type VirtualMachineInstance, virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import { isConditionTrue } from '../conditions'
import { runStrategyOf } from '../virtual-machine/facts'
import { isFinal } from '../virtual-machine/start-failure'
import { launcherPodName } from '../virtual-machine-instance/launcher-pod'
import { checkOptions } from './options'
import { fieldOf, findInstance, isDryRun, readVirtualMachine } from './read-machine'
import { badRequest, conflict, internalError } from './refusals'
import type { SubresourceContext, SubresourceHandler, SubresourceParts, SubresourceResult } from './subresource-handler'

const fieldManager = 'virt-api'
const accepted: SubresourceResult = { status: 202 }
const recoveryRequired =
  'VM recovery required: Volume migration failed, leaving some volumes pointing to non-consistent targets; manual intervention is needed to reassign them to their original volumes.'

/** start, stop and restart of a VirtualMachine, by KubeVirt's rules and in its words. */
export function powerHandlers(parts: SubresourceParts): SubresourceHandler[] {
  const handler = (subresource: string, handle: NonNullable<SubresourceHandler['handle']>): SubresourceHandler => ({
    resource: 'virtualmachines',
    subresource,
    method: 'PUT',
    handle,
  })
  return [
    handler('start', (context) => start(parts, context)),
    handler('stop', (context) => stop(parts, context)),
    handler('restart', (context) => restart(parts, context)),
  ]
}

async function start(parts: SubresourceParts, context: SubresourceContext): Promise<SubresourceResult> {
  const { name, body } = context
  const vm = await readVirtualMachine(parts, context)
  const vmi = await findInstance(parts, context)
  if (isStarted(vmi)) throw conflict('virtualmachine', name, 'VM is already running')
  if (isConditionTrue(vm.status?.conditions, 'ManualRecoveryRequired')) {
    throw conflict('virtualmachine', name, recoveryRequired)
  }
  checkOptions('StartOptions', body, { paused: 'bool', dryRun: '[]string' })
  const strategy = runStrategyOf(vm)
  const paused = fieldOf(body, 'paused') === true
  const request: StateChangeRequest = { action: 'Start', ...(paused ? { data: { paused: 'true' } } : {}) }
  switch (strategy) {
    case 'Halted':
      // The controller turns the strategy once it has the request.
      if (paused) return ask(parts, { vm, requests: [request], context })
      return setRunning(parts, { vm, running: true, context })
    case 'RerunOnFailure':
    case 'Manual':
      if (strategy === 'RerunOnFailure' && vmi?.status?.phase === 'Failed') {
        throw conflict('virtualmachine', name, `${strategy} does not support starting VM from failed state`)
      }
      return ask(parts, { vm, requests: vmi && isFinal(vmi) ? [stopRequest(vmi), request] : [request], context })
    default:
      throw conflict('virtualmachine', name, `${strategy} does not support manual start requests`)
  }
}

function isStarted(vmi: VirtualMachineInstance | undefined): boolean {
  const phase = vmi?.status?.phase ?? ''
  return vmi !== undefined && !isFinal(vmi) && phase !== '' && phase !== 'Unknown'
}

async function stop(parts: SubresourceParts, context: SubresourceContext): Promise<SubresourceResult> {
  const { name, namespace, body } = context
  checkOptions('StopOptions', body, { gracePeriod: 'int64', dryRun: '[]string' })
  const vm = await readVirtualMachine(parts, context)
  const vmi = await findInstance(parts, context)
  const strategy = runStrategyOf(vm)
  const gracePeriod = readGracePeriod(fieldOf(body, 'gracePeriod'))
  const live = vmi && !isFinal(vmi) ? vmi : undefined
  const refusal = whyNotStop(strategy, { live, gracePeriod })
  if (refusal !== undefined) throw conflict('virtualmachine', name, refusal)
  if (live && gracePeriod !== undefined && !isDryRun(body)) {
    const patch = { spec: { terminationGracePeriodSeconds: gracePeriod } }
    const ref = { namespace, name }
    await parts.client.patch(virtualMachineInstanceKind, ref, { type: 'merge', body: patch }, { fieldManager })
  }
  if (strategy === 'Always' || strategy === 'Once') return setRunning(parts, { vm, running: false, context })
  // The controller of a halted machine is stopping it already.
  if (strategy === 'Halted' || !live) return accepted
  return ask(parts, { vm, requests: [stopRequest(live)], context })
}

function whyNotStop(
  strategy: RunStrategy,
  { live, gracePeriod }: { live: VirtualMachineInstance | undefined; gracePeriod: number | undefined },
): string | undefined {
  if (strategy === 'Always' || strategy === 'Once') return undefined
  if (!live) return 'VM is not running'
  if (strategy !== 'Halted') return undefined
  // A machine that is stopping can only be told to hurry.
  const current = live.spec.terminationGracePeriodSeconds
  const hurries = gracePeriod !== undefined && (current === undefined || gracePeriod < current)
  return hurries ? undefined : `${strategy} only supports manual stop requests with a shorter graceperiod`
}

async function restart(parts: SubresourceParts, context: SubresourceContext): Promise<SubresourceResult> {
  const { name, namespace, body } = context
  checkOptions('RestartOptions', body, { gracePeriodSeconds: 'int64', dryRun: '[]string' })
  const gracePeriod = readGracePeriod(fieldOf(body, 'gracePeriodSeconds'))
  if (gracePeriod !== undefined && gracePeriod > 0) {
    throw badRequest('For force restart, only gracePeriod=0 is supported for now')
  }
  const vm = await readVirtualMachine(parts, context)
  if (isConditionTrue(vm.status?.conditions, 'VolumesChange')) throw conflict('virtualmachine', name, recoveryRequired)
  const strategy = runStrategyOf(vm)
  if (strategy === 'Halted' || strategy === 'Once') {
    throw conflict('virtualmachine', name, `RunStategy ${strategy} does not support manual restart requests`)
  }
  const vmi = await findInstance(parts, context)
  if (!vmi) throw conflict('virtualmachine', name, 'VM is not running: Halted')
  const result = await ask(parts, { vm, requests: [stopRequest(vmi), { action: 'Start' }], context })
  if (gracePeriod === 0 && !isDryRun(body)) {
    // Without its Pod an instance is stopped by force.
    await parts.client.delete(podKind, { namespace, name: launcherPodName(vmi) }, { gracePeriodSeconds: 0 })
  }
  return result
}

function stopRequest(vmi: VirtualMachineInstance): StateChangeRequest {
  const { uid } = vmi.metadata
  return { action: 'Stop', ...(uid ? { uid } : {}) }
}

function readGracePeriod(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'number') return undefined
  if (value < 0) throw badRequest('gracePeriod has to be greater or equal to 0')
  return value
}

interface Change {
  vm: VirtualMachine
  context: SubresourceContext
}

async function setRunning(
  { client }: SubresourceParts,
  { vm, running, context: { namespace, name, body } }: Change & { running: boolean },
): Promise<SubresourceResult> {
  const spec = vm.spec.runStrategy === undefined ? { running } : { runStrategy: running ? 'Always' : 'Halted' }
  const metadata = vm.metadata.resourceVersion ? { resourceVersion: vm.metadata.resourceVersion } : {}
  const options = { fieldManager, dryRun: isDryRun(body) }
  await client.patch(virtualMachineKind, { namespace, name }, { type: 'merge', body: { metadata, spec } }, options)
  return accepted
}

/** Puts requests into the status, unless others wait there that a stop may not replace. */
async function ask(
  { client }: SubresourceParts,
  { vm, requests, context: { body } }: Change & { requests: StateChangeRequest[] },
): Promise<SubresourceResult> {
  const onlyStop = requests.length === 1 && requests[0]?.action === 'Stop'
  if (vm.status?.stateChangeRequests?.length && !onlyStop) {
    throw internalError('unable to complete request: stop/start already underway')
  }
  // A new try starts with a clean slate.
  const { startFailure: _failure, ...kept } = vm.status ?? {}
  const status = { ...kept, stateChangeRequests: requests }
  await client.updateStatus(virtualMachineKind, { ...vm, status }, { fieldManager, dryRun: isDryRun(body) })
  return accepted
}
