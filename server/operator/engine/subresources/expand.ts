import { isJsonObject, type JsonObject } from '@/contract/json'
import { ApiError } from '@/server/cluster/kube-client'
import { fieldOf, readVirtualMachine } from './read-machine'
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
  const namespace = String(fieldOf(vm['metadata'], 'namespace') ?? '')
  for (const { field, plural, words } of [
    { field: 'instancetype', plural: 'instancetypes', words: 'instance types' },
    { field: 'preference', plural: 'preferences', words: 'preferences' },
  ]) {
    const matcher = fieldOf(vm['spec'], field)
    const name = fieldOf(matcher, 'name')
    if (typeof name !== 'string' || name === '') continue
    const isCluster = !/^virtualmachine(instancetype|preference)s?$/i.test(String(fieldOf(matcher, 'kind') ?? ''))
    const resource = `virtualmachine${isCluster ? 'cluster' : ''}${plural}`
    const group = 'instancetype.kubevirt.io'
    const place = isCluster ? '' : `namespaces/${namespace}/`
    try {
      await client.raw('GET', `/apis/${group}/v1beta1/${place}${resource}/${name}`)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      throw fail(error.code === 404 ? `${resource}.${group} "${name}" not found` : error.message)
    }
    throw fail(`this engine works no ${words} into a machine`)
  }
  return { status: 200, body: vm, contentType: 'application/json' }
}
