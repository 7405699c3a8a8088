import type { MachineState } from '../hypervisor-port'
import { isDryRun, type RunningInstance, readInstance, readRunningInstance, readVirtualMachine } from './read-machine'
import { asApiError, badRequest, conflict } from './refusals'
import type { SubresourceContext, SubresourceHandler, SubresourceParts, SubresourceResult } from './subresource-handler'

const done: SubresourceResult = { status: 200 }

/** What is done to a running guest at once, and what is asked of it. */
export function guestHandlers(parts: SubresourceParts): SubresourceHandler[] {
  const put = (subresource: string, act: (running: RunningInstance, machine: MachineState) => Promise<void>) => ({
    resource: 'virtualmachineinstances' as const,
    subresource,
    method: 'PUT' as const,
    handle: (context: SubresourceContext) => actOn(parts, context, act),
  })
  const pausedRefusal = (name: string, why: string) => conflict('virtualmachineinstance', name, why)
  return [
    put('pause', async ({ vmi, hypervisor, id }, { phase }) => {
      if (phase === 'paused') throw pausedRefusal(vmi.metadata.name, 'VMI is already paused')
      await hypervisor.pause(id)
    }),
    put('unpause', async ({ vmi, hypervisor, id }, { phase }) => {
      if (phase !== 'paused') throw pausedRefusal(vmi.metadata.name, 'VMI is not paused')
      await hypervisor.resume(id)
    }),
    put('softreboot', async ({ vmi, hypervisor, id }, { phase }) => {
      if (phase === 'paused') throw pausedRefusal(vmi.metadata.name, 'VMI is paused')
      if (vmi.spec.domain.features?.acpi?.enabled === false) {
        const why = 'VMI neither have the agent connected nor the ACPI feature enabled'
        throw pausedRefusal(vmi.metadata.name, why)
      }
      await hypervisor.softReboot(id)
    }),
    put('reset', ({ hypervisor, id }) => hypervisor.reset(id)),
    ...['guestosinfo', 'userlist', 'filesystemlist'].map((subresource) => ({
      resource: 'virtualmachineinstances' as const,
      subresource,
      method: 'GET' as const,
      handle: (context: SubresourceContext) => withoutAgent(parts, context),
    })),
    {
      resource: 'virtualmachines',
      subresource: 'expand-spec',
      method: 'GET',
      handle: (context) => expandSpec(parts, context),
    },
  ]
}

async function actOn(
  parts: SubresourceParts,
  context: SubresourceContext,
  act: (running: RunningInstance, machine: MachineState) => Promise<void>,
): Promise<SubresourceResult> {
  const running = await readRunningInstance(parts, context)
  const machine = await asApiError(running.hypervisor.machine(running.id))
  if (!machine) throw conflict('virtualmachineinstance', context.name, 'VMI is not running')
  // Asked without doing it: the checks before are all there is.
  const rehearsal = { ...running, hypervisor: { ...running.hypervisor, ...rehearse } }
  await asApiError(act(isDryRun(context.body) ? rehearsal : running, machine))
  return done
}

const nothing = async () => undefined
const rehearse = { pause: nothing, resume: nothing, softReboot: nothing, reset: nothing }

/** The real server answers in plain text where there is no agent, and where there is no instance. */
async function withoutAgent(parts: SubresourceParts, context: SubresourceContext): Promise<SubresourceResult> {
  const text = (body: string): SubresourceResult => ({ status: 500, body, contentType: 'text/plain' })
  try {
    await readInstance(parts, context)
  } catch (error) {
    return text(error instanceof Error ? error.message : String(error))
  }
  return text('VMI does not have guest agent connected')
}

async function expandSpec(parts: SubresourceParts, context: SubresourceContext): Promise<SubresourceResult> {
  const vm = await readVirtualMachine(parts, context)
  if (vm.spec.instancetype ?? vm.spec.preference) {
    throw badRequest('instance types and preferences are not available in this cluster yet')
  }
  return { status: 200, body: vm, contentType: 'application/json' }
}
