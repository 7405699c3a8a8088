import { virtualMachineKind } from '@/contract/kinds/virtual-machine'
import type { VirtualMachineInstance } from '@/contract/kinds/virtual-machine-instance'
import { checkOptions, type OptionType } from './options'
import { fieldOf, hostOf, isDryRun, type RunningInstance, readInstance } from './read-machine'
import { asApiError, badRequest, conflict, forbidden, internalError } from './refusals'
import type { SubresourceContext, SubresourceHandler, SubresourceParts, SubresourceResult } from './subresource-handler'

const done: SubresourceResult = { status: 200 }

/** What is done to a running guest at once, and what is asked of it. */
export function guestHandlers(parts: SubresourceParts): SubresourceHandler[] {
  const put = (subresource: string, handle: NonNullable<SubresourceHandler['handle']>): SubresourceHandler => ({
    resource: 'virtualmachineinstances',
    subresource,
    method: 'PUT',
    handle,
  })
  return [
    put('pause', (context) => pause(parts, context)),
    put('unpause', (context) => unpause(parts, context)),
    put('softreboot', (context) => softReboot(parts, context)),
    put('reset', (context) => reset(parts, context)),
    put('freeze', (context) => freeze(parts, context)),
    put('unfreeze', (context) => unfreeze(parts, context)),
    ...['guestosinfo', 'userlist', 'filesystemlist'].map((subresource) => ({
      resource: 'virtualmachineinstances' as const,
      subresource,
      method: 'GET' as const,
      handle: (context: SubresourceContext) => withoutAgent(parts, context),
    })),
  ]
}

const dryRunOnly: Readonly<Record<string, OptionType>> = { dryRun: '[]string' }

function refuse(name: string, why: string): never {
  throw conflict('virtualmachineinstance', name, why)
}

/** The instance, running; 409 when it is not, in the words of the action. */
async function running(
  parts: SubresourceParts,
  context: SubresourceContext,
  words: 'VM is not running' | 'VMI is not running',
): Promise<RunningInstance & { isPaused: boolean }> {
  const vmi = await readInstance(parts, context)
  if (vmi.status?.phase !== 'Running') refuse(context.name, words)
  const host = hostOf(parts, vmi)
  const machine = await asApiError(host.hypervisor.machine(host.id))
  if (!machine) refuse(context.name, words)
  return { vmi, ...host, isPaused: machine.phase === 'paused' }
}

async function pause(parts: SubresourceParts, context: SubresourceContext): Promise<SubresourceResult> {
  const { name, body } = context
  checkOptions('PauseOptions', body, dryRunOnly)
  const { vmi, hypervisor, id, isPaused } = await running(parts, context, 'VM is not running')
  const probe = fieldOf(vmi.spec, 'livenessProbe')
  if (probe && fieldOf(probe, 'guestAgentPing') === undefined) {
    const why = 'Pausing VMIs with a non-GuestAgentPing LivenessProbe is not supported'
    throw forbidden('virtualmachineinstance', name, why)
  }
  if (isPaused) refuse(name, 'VMI is already paused')
  if (!isDryRun(body)) await asApiError(hypervisor.pause(id))
  return done
}

async function unpause(parts: SubresourceParts, context: SubresourceContext): Promise<SubresourceResult> {
  const { name, namespace, body } = context
  const vm = await parts.client.find(virtualMachineKind, { namespace, name })
  if (fieldOf(vm?.status, 'snapshotInProgress')) throw conflict('virtualmachine', name, 'VM snapshot is in progress')
  checkOptions('UnpauseOptions', body, dryRunOnly)
  const { hypervisor, id, isPaused } = await running(parts, context, 'VMI is not running')
  if (!isPaused) refuse(name, 'VMI is not paused')
  if (!isDryRun(body)) await asApiError(hypervisor.resume(id))
  return done
}

async function softReboot(parts: SubresourceParts, context: SubresourceContext): Promise<SubresourceResult> {
  const { name } = context
  const { vmi, hypervisor, id, isPaused } = await running(parts, context, 'VM is not running')
  if (isPaused) refuse(name, 'VMI is paused')
  if (vmi.spec.domain.features?.acpi?.enabled === false) {
    refuse(name, 'VMI neither have the agent connected nor the ACPI feature enabled')
  }
  await asApiError(hypervisor.softReboot(id))
  return done
}

/** As KubeVirt, it is not asked whether the instance runs, only whether it has a place to run. */
async function reset(parts: SubresourceParts, context: SubresourceContext): Promise<SubresourceResult> {
  const vmi = await readInstance(parts, context)
  const phase = vmi.status?.phase ?? ''
  if (phase !== 'Running') {
    const why = `Unable to connect to VirtualMachineInstance because phase is ${phase} instead of Running or Scheduled`
    throw badRequest(`Failed to reset non-running VMI with phase ${phase}: ${why}`)
  }
  const { hypervisor, id } = hostOf(parts, vmi)
  await asApiError(hypervisor.reset(id))
  return done
}

const noAgent =
  "LibvirtError(Code=86, Domain=10, Message='Guest agent is not responding: QEMU guest agent is not connected')"

function agentFailure(command: string) {
  return internalError(
    `unexpected return code 400 (400 Bad Request), message: server error. command ${command} failed: "${noAgent}"`,
  )
}

async function freeze(parts: SubresourceParts, context: SubresourceContext): Promise<SubresourceResult> {
  await running(parts, context, 'VM is not running')
  if (fieldOf(context.body, 'unfreezeTimeout') === undefined) {
    throw internalError(
      'unexpected return code 400 (400 Bad Request), message: Unfreeze timeout in freeze request is not set',
    )
  }
  throw agentFailure('Freeze')
}

async function unfreeze(parts: SubresourceParts, context: SubresourceContext): Promise<SubresourceResult> {
  await running(parts, context, 'VMI is not running')
  throw agentFailure('Unfreeze')
}

/** KubeVirt answers what is asked of a guest's agent with bare text when it fails. */
export function plainFailure(message: string): SubresourceResult {
  return { status: 500, body: message, contentType: 'text/plain; charset=utf-8' }
}

async function withoutAgent(parts: SubresourceParts, context: SubresourceContext): Promise<SubresourceResult> {
  const refusal = (why: string) => plainFailure(conflict('virtualmachineinstance', context.name, why).message)
  let vmi: VirtualMachineInstance
  try {
    vmi = await readInstance(parts, context)
  } catch (error) {
    // Told as it is: whatever is wrong with the instance, the answer is text.
    return plainFailure(error instanceof Error ? error.message : String(error))
  }
  if (vmi.status?.phase !== 'Running') return refusal('VMI is not running')
  return refusal('VMI does not have guest agent connected')
}
