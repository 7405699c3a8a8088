import { applyInstanceType, conflictWords } from '@/contract/instance-type/apply-instance-type'
import { fillDiskPerVolume, fillNetwork } from '@/contract/instance-type/default-devices'
import { isJsonObject, type JsonObject } from '@/contract/json'
import { childOf, objectAt, textAt } from '@/contract/json-fields'
import { ApiError } from '@/server/cluster/kube-client'
import { readDefaultBinding, readSizing, SizingError } from '../sizing'
import { readVirtualMachine } from './read-machine'
import { badRequest, internalError } from './refusals'
import type { SubresourceContext, SubresourceHandler, SubresourceParts, SubresourceResult } from './subresource-handler'

/** A machine with its instance type and preference worked in: of one that is there, and of one that is only thought of. */
export function expandHandlers(parts: SubresourceParts): SubresourceHandler[] {
  return [
    {
      resource: 'virtualmachines',
      subresource: 'expand-spec',
      method: 'GET',
      handle: async (context) => {
        const vm = await readVirtualMachine(parts, context)
        // A machine is JSON like any other object.
        return expand(parts, vm as unknown as JsonObject, internalError)
      },
    },
    { resource: 'expand-vm-spec', subresource: '', method: 'PUT', handle: (context) => expandGiven(parts, context) },
  ]
}

async function expandGiven(
  parts: SubresourceParts,
  { namespace, body }: SubresourceContext,
): Promise<SubresourceResult> {
  if (!isJsonObject(body) || Object.keys(body).length === 0) {
    throw badRequest('Can not unmarshal Request body to struct, error: unexpected end of JSON input')
  }
  const missing = isJsonObject(body['spec'])
    ? isJsonObject(body['spec']['template'])
      ? undefined
      : 'spec.template in body is required'
    : '.spec in body is required'
  if (missing !== undefined) {
    const refusal = badRequest('Object is not a valid VirtualMachine')
    throw new ApiError({ ...refusal.status, details: { causes: [{ message: missing }] } })
  }
  const metadata = isJsonObject(body['metadata']) ? body['metadata'] : {}
  const given = metadata['namespace']
  if (given !== undefined && given !== '' && given !== namespace) {
    throw badRequest(`VM namespace must be empty or ${namespace}`)
  }
  return expand(parts, { ...body, metadata: { ...metadata, namespace } }, badRequest)
}

async function expand(
  { client }: SubresourceParts,
  vm: JsonObject,
  fail: (message: string) => ApiError,
): Promise<SubresourceResult> {
  const answer = (body: JsonObject): SubresourceResult => ({ status: 200, body, contentType: 'application/json' })
  const given = objectAt(vm, 'spec') ?? {}
  if (!objectAt(given, 'instancetype') && !objectAt(given, 'preference')) return answer(vm)
  const sizing = await readSizing(client, given, textAt(vm, 'metadata', 'namespace')).catch((error: unknown) => {
    if (error instanceof SizingError || error instanceof ApiError) throw fail(error.message)
    throw error
  })
  const expanded = structuredClone(vm)
  const spec = childOf(expanded, 'spec')
  const template = childOf(spec, 'template')
  const machine = childOf(template, 'spec')
  fillDiskPerVolume(machine)
  fillNetwork(machine, await readDefaultBinding(client))
  const conflicts = applyInstanceType(template, sizing)
  if (conflicts.length > 0) throw fail(conflictWords(conflicts))
  for (const field of ['instancetype', 'preference']) delete spec[field]
  const status = objectAt(expanded, 'status')
  if (status) for (const field of ['instancetypeRef', 'preferenceRef']) delete status[field]
  return answer(expanded)
}
