import { isJsonObject, type JsonObject } from '@/contract/json'
import { type VirtualMachine, virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { ApiError } from '@/server/cluster/kube-client'
import { checkOptions } from './options'
import { fieldOf, findInstance, isDryRun, readInstance, readVirtualMachine } from './read-machine'
import { badRequest, conflict, internalError } from './refusals'
import type { SubresourceContext, SubresourceHandler, SubresourceParts, SubresourceResult } from './subresource-handler'

const fieldManager = 'virt-api'
const accepted: SubresourceResult = { status: 202 }

/** What KubeVirt says where volumes cannot be attached to what runs. */
export const noHotplug = 'Enable DeclarativeHotplugVolumes or HotplugVolumes feature gate to use this API.'

/**
 * Volumes added to and taken from machines: those of a stopped one change in its spec; a running guest of this engine
 * keeps the disks it was started with.
 */
export function volumeHandlers(parts: SubresourceParts): SubresourceHandler[] {
  return (['addvolume', 'removevolume'] as const).flatMap((subresource): SubresourceHandler[] => [
    {
      resource: 'virtualmachines',
      subresource,
      method: 'PUT',
      handle: (context) => changeMachine(parts, context, readRequest(subresource, context.body)),
    },
    {
      resource: 'virtualmachineinstances',
      subresource,
      method: 'PUT',
      handle: (context) => refuseInstance(parts, context, readRequest(subresource, context.body)),
    },
  ])
}

interface AddRequest {
  type: 'add'
  name: string
  disk: JsonObject
  source: JsonObject
}

type VolumeRequest = AddRequest | { type: 'remove'; name: string }

function readRequest(subresource: 'addvolume' | 'removevolume', body: unknown): VolumeRequest {
  const options = subresource === 'addvolume' ? 'AddVolumeOptions' : 'RemoveVolumeOptions'
  checkOptions(options, body, { name: 'string', disk: 'struct', volumeSource: 'struct', dryRun: '[]string' })
  const name = fieldOf(body, 'name')
  if (typeof name !== 'string' || name === '') throw badRequest(`${options} requires name to be set`)
  if (subresource === 'removevolume') return { type: 'remove', name }
  const disk = fieldOf(body, 'disk')
  const source = fieldOf(body, 'volumeSource')
  if (!isJsonObject(disk)) throw badRequest('AddVolumeOptions requires disk to not be nil')
  if (!isJsonObject(source)) throw badRequest('AddVolumeOptions requires VolumeSource to not be nil')
  return { type: 'add', name, disk, source }
}

async function changeMachine(
  parts: SubresourceParts,
  context: SubresourceContext,
  request: VolumeRequest,
): Promise<SubresourceResult> {
  const { namespace, name, body } = context
  const vm = await readVirtualMachine(parts, context)
  const { volumes, disks } = readStorage(vm)
  const problem = request.type === 'add' ? addProblem(volumes, request) : removeProblem(volumes, request.name)
  if (problem !== undefined) throw conflict('virtualmachine', name, problem)
  const vmi = await findInstance(parts, context)
  if (vmi && !['Succeeded', 'Failed'].includes(vmi.status?.phase ?? '')) throw badRequest(noHotplug)
  const next =
    request.type === 'add' ? withVolume({ volumes, disks }, request) : withoutVolume({ volumes, disks }, request.name)
  const metadata = vm.metadata.resourceVersion ? { resourceVersion: vm.metadata.resourceVersion } : {}
  const spec = { template: { spec: { volumes: next.volumes, domain: { devices: { disks: next.disks } } } } }
  try {
    const options = { fieldManager, dryRun: isDryRun(body) }
    await parts.client.patch(
      virtualMachineKind,
      { namespace, name },
      { type: 'merge', body: { metadata, spec } },
      options,
    )
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason === 'Invalid') throw error
    throw internalError(`unable to patch vm: ${error.message}`)
  }
  return accepted
}

async function refuseInstance(
  parts: SubresourceParts,
  context: SubresourceContext,
  _request: VolumeRequest,
): Promise<SubresourceResult> {
  const { namespace, name } = context
  const vmi = await readInstance(parts, context)
  if (vmi.metadata.ownerReferences?.some(({ kind, controller }) => kind === 'VirtualMachine' && controller)) {
    throw badRequest(`VMI ${namespace}/${name} is owned by a VM`)
  }
  if (vmi.status?.phase !== 'Running') throw conflict('virtualmachineinstance', name, 'VMI is not running')
  throw badRequest(noHotplug)
}

interface Storage {
  volumes: JsonObject[]
  disks: JsonObject[]
}

function readStorage(vm: VirtualMachine): Storage {
  const { spec } = vm.spec.template
  return {
    volumes: objectsOf(spec.volumes),
    disks: objectsOf(spec.domain.devices.disks),
  }
}

function objectsOf(list: unknown): JsonObject[] {
  return Array.isArray(list) ? list.filter(isJsonObject) : []
}

/** The name of the data volume or claim that a volume is made of. */
function sourceOf(volume: JsonObject): string | undefined {
  const name = fieldOf(volume['dataVolume'], 'name') ?? fieldOf(volume['persistentVolumeClaim'], 'claimName')
  return typeof name === 'string' ? name : undefined
}

function addProblem(volumes: readonly JsonObject[], { name, source }: AddRequest): string | undefined {
  const wanted = sourceOf(source)
  for (const volume of volumes) {
    if (volume['name'] === name) return `Unable to add volume [${name}] because volume with that name already exists`
    if (wanted !== undefined && sourceOf(volume) === wanted) {
      return `Unable to add volume source [${wanted}] because it already exists`
    }
  }
  return undefined
}

function removeProblem(volumes: readonly JsonObject[], name: string): string | undefined {
  const found = volumes.find((volume) => volume['name'] === name || sourceOf(volume) === name)
  if (!found) return `Unable to remove volume [${name}] because it does not exist`
  const hotpluggable = ['dataVolume', 'persistentVolumeClaim'].some(
    (source) => fieldOf(found[source], 'hotpluggable') === true,
  )
  if (hotpluggable) return undefined
  return `Unable to remove volume [${String(found['name'])}] because it is not hotpluggable`
}

function withVolume({ volumes, disks }: Storage, { name, disk, source }: AddRequest): Storage {
  const kind = isJsonObject(source['dataVolume']) ? 'dataVolume' : 'persistentVolumeClaim'
  const from = isJsonObject(source[kind]) ? source[kind] : {}
  return {
    volumes: [...volumes, { name, [kind]: { ...from, hotpluggable: true } }],
    disks: [...disks, { ...disk, name }],
  }
}

function withoutVolume({ volumes, disks }: Storage, name: string): Storage {
  const gone = volumes.find((volume) => volume['name'] === name || sourceOf(volume) === name)?.['name']
  return {
    volumes: volumes.filter((volume) => volume['name'] !== gone),
    disks: disks.filter((disk) => disk['name'] !== gone),
  }
}
