import { isJsonObject } from '@/contract/json'
import type { VirtualMachineInstance } from '@/contract/kinds/virtual-machine-instance'
import { virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import { ApiError } from '@/server/cluster/kube-client'
import { plainFailure } from './guest'
import { checkOptions } from './options'
import { fieldOf, isDryRun, readInstance, readInstanceOfMachine, readVirtualMachine } from './read-machine'
import { badRequest, conflict, internalError } from './refusals'
import type { SubresourceContext, SubresourceHandler, SubresourceParts, SubresourceResult } from './subresource-handler'
import { noHotplug } from './volumes'

type Handle = NonNullable<SubresourceHandler['handle']>

/** What is asked of a machine's surroundings: migration, evacuation, dumps, attestation, backups, its relations. */
export function requestHandlers(parts: SubresourceParts): SubresourceHandler[] {
  const handler =
    (resource: SubresourceHandler['resource'], method: 'GET' | 'PUT') => (subresource: string, handle: Handle) =>
      ({ resource, subresource, method, handle }) satisfies SubresourceHandler
  const ofMachine = handler('virtualmachines', 'PUT')
  const ofInstance = handler('virtualmachineinstances', 'PUT')
  const askInstance = handler('virtualmachineinstances', 'GET')
  return [
    ofMachine('migrate', (context) => migrate(parts, context)),
    ofMachine('memorydump', (context) => dumpMemory(context)),
    ofMachine('removememorydump', (context) => removeDump(parts, context)),
    ofMachine('evacuate/cancel', async (context) =>
      cancel(parts, context, await readInstanceOfMachine(parts, context)),
    ),
    ofInstance('evacuate/cancel', async (context) => cancel(parts, context, await readInstance(parts, context))),
    ofInstance('backup', (context) => backUp(parts, context)),
    ofInstance('redefine-checkpoint', (context) => redefineCheckpoint(parts, context)),
    askInstance('sev/fetchcertchain', (context) => askAttestation(parts, context, 'assigned')),
    askInstance('sev/querylaunchmeasurement', (context) => askAttestation(parts, context, 'running')),
    ofInstance('sev/setupsession', (context) => setUpSession(parts, context)),
    ofInstance('sev/injectlaunchsecret', (context) => injectSecret(parts, context)),
    askInstance('objectgraph', noGraph),
    handler('virtualmachines', 'GET')('objectgraph', noGraph),
  ]
}

async function migrate(parts: SubresourceParts, context: SubresourceContext): Promise<SubresourceResult> {
  const { namespace, name, body } = context
  checkOptions('MigrateOptions', body, { addedNodeSelector: 'map[string]string', dryRun: '[]string' })
  await readVirtualMachine(parts, context)
  const vmi = await readInstance(parts, context)
  if (vmi.status?.phase !== 'Running') throw conflict('virtualmachine', name, 'VM is not running')
  const selector = fieldOf(body, 'addedNodeSelector')
  const migration = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: { generateName: 'kubevirt-migrate-vm-' },
    spec: { vmiName: name, ...(isJsonObject(selector) ? { addedNodeSelector: selector } : {}) },
  }
  const query = isDryRun(body) ? '?dryRun=All' : ''
  const path = `/apis/kubevirt.io/v1/namespaces/${namespace}/virtualmachineinstancemigrations${query}`
  try {
    await parts.client.raw('POST', path, migration)
  } catch (error) {
    if (error instanceof ApiError) throw internalError(error.message)
    throw error
  }
  return { status: 202 }
}

/** A dump needs a volume that is attached to the running guest. */
async function dumpMemory({ body }: SubresourceContext): Promise<SubresourceResult> {
  checkOptions('VirtualMachineMemoryDumpRequest', body, { claimName: 'string' })
  throw badRequest(noHotplug)
}

async function removeDump(parts: SubresourceParts, context: SubresourceContext): Promise<SubresourceResult> {
  const { name } = context
  await readVirtualMachine(parts, context)
  const why = `can't remove memory dump association for vm ${name}, no association found`
  throw conflict('virtualmachine', name, why)
}

/** Takes back that an instance shall leave its node. */
async function cancel(
  { client }: SubresourceParts,
  { namespace, name, body }: SubresourceContext,
  vmi: VirtualMachineInstance,
): Promise<SubresourceResult> {
  const node = vmi.status?.evacuationNodeName ?? ''
  if (node === '') return { status: 200 }
  checkOptions('EvacuateCancelOptions', body, { evacuationNodeName: 'string', dryRun: '[]string' })
  const path = '/status/evacuationNodeName'
  const operations = [
    { op: 'test', path, value: fieldOf(body, 'evacuationNodeName') ?? '' },
    { op: 'remove', path },
  ]
  try {
    const options = { fieldManager: 'virt-api', dryRun: isDryRun(body) }
    await client.patch(virtualMachineInstanceKind, { namespace, name }, { type: 'json', body: operations }, options)
  } catch (error) {
    if (error instanceof ApiError) throw internalError(error.message)
    throw error
  }
  return { status: 200 }
}

async function backUp(parts: SubresourceParts, context: SubresourceContext): Promise<SubresourceResult> {
  const vmi = await readInstance(parts, context)
  if (vmi.status?.phase !== 'Running') throw conflict('virtualmachineinstance', context.name, 'VM is not running')
  throw internalError('this host makes no backups of running guests')
}

async function redefineCheckpoint(parts: SubresourceParts, context: SubresourceContext): Promise<SubresourceResult> {
  await readInstance(parts, context)
  throw conflict('virtualmachineinstance', context.name, 'ChangedBlockTracking is not enabled')
}

function attests(vmi: VirtualMachineInstance): boolean {
  return fieldOf(fieldOf(fieldOf(vmi.spec.domain, 'launchSecurity'), 'sev'), 'attestation') !== undefined
}

const noAttestation = 'Attestation not requested for VMI'

/** Why an instance cannot attest; this host encrypts no guest, so none comes further. */
function attestationProblem(vmi: VirtualMachineInstance, needs: 'assigned' | 'running'): string {
  const phase = vmi.status?.phase ?? ''
  if (needs === 'running' && phase !== 'Running') return 'VMI is not running'
  if (needs === 'assigned' && phase !== 'Running' && phase !== 'Scheduled') return 'VMI is not assigned to a node yet'
  return attests(vmi) ? 'VMI is not paused' : noAttestation
}

async function askAttestation(
  parts: SubresourceParts,
  context: SubresourceContext,
  needs: 'assigned' | 'running',
): Promise<SubresourceResult> {
  try {
    const vmi = await readInstance(parts, context)
    return plainFailure(conflict('virtualmachineinstance', context.name, attestationProblem(vmi, needs)).message)
  } catch (error) {
    if (error instanceof ApiError) return plainFailure(error.message)
    throw error
  }
}

async function setUpSession(parts: SubresourceParts, context: SubresourceContext): Promise<SubresourceResult> {
  const { name, body } = context
  checkOptions('SEVSessionOptions', body, { session: 'string', dhCert: 'string' })
  if (!fieldOf(body, 'session')) throw badRequest('Session blob is required')
  if (!fieldOf(body, 'dhCert')) throw badRequest('DH cert is required')
  const vmi = await readInstance(parts, context)
  const isScheduled = vmi.status?.phase === 'Scheduled'
  throw conflict('virtualmachineinstance', name, isScheduled ? noAttestation : 'VMI is not in Scheduled phase')
}

async function injectSecret(parts: SubresourceParts, context: SubresourceContext): Promise<SubresourceResult> {
  const vmi = await readInstance(parts, context)
  throw conflict('virtualmachineinstance', context.name, attestationProblem(vmi, 'running'))
}

const noGraph: Handle = () =>
  Promise.reject(badRequest('ObjectGraph feature gate not enabled: Unable to return object graph.'))
