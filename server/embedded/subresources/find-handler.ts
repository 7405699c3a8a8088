import { subresourceGroup, subresourceVersions } from '../discovery/virtual-groups'
import type { ResourceRequestInfo } from '../http/request-info'
import type { SubresourceHandler } from '../subresource-handler'

/** Calls of the group that are about no object, though in a namespace. */
const namespaceCalls = ['expand-vm-spec']

export function isMachineSubresource({ group, version, resource, subresource }: ResourceRequestInfo): boolean {
  if (group !== subresourceGroup || !(subresourceVersions as readonly string[]).includes(version)) return false
  return subresource !== '' || namespaceCalls.includes(resource)
}

/** The handler for a path, the one with the longest name that fits; `rest` is what of the path it leaves. */
export function findHandler(
  handlers: readonly SubresourceHandler[],
  info: ResourceRequestInfo,
  method: string,
): { handler: SubresourceHandler; rest: string } | undefined {
  const fitting = handlers
    .filter(({ resource }) => resource === info.resource)
    .filter((handler) => handler.method === method)
    .filter(({ subresource }) => info.subresource === subresource || info.subresource.startsWith(`${subresource}/`))
    .sort((left, right) => right.subresource.length - left.subresource.length)
  const handler = fitting[0]
  return handler && { handler, rest: info.subresource.slice(handler.subresource.length + 1) }
}
