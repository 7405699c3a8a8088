import { isJsonObject, jsonEqual } from '@/contract/json'
import { customResourceDefinitionKind } from '@/contract/kinds/core'
import { type Kind, resourcePath } from '@/contract/kinds/kind'
import type { ApiContext } from '../api-context'
import type { ApiObject } from '../api-object'
import type { User } from '../identity/user'
import { definitionOf, managedByLabel } from '../registry/definition'
import { resourceName, type Target } from '../registry/served-resource'
import { decideCreate } from '../write/create-object'
import { decideUpdate } from '../write/update-object'
import type { WriteContext } from '../write/write-context'

/** The server itself, where it writes without being asked. */
export const serverUser: User = { name: 'system:apiserver', groups: ['system:masters'] }

export const firstNamespaces = ['default', 'kube-system', 'kube-node-lease', 'chiave-system'] as const

export function serverWrite(api: ApiContext, target: Target): WriteContext {
  return { api, target, user: serverUser, options: { dryRun: false, fieldManager: 'chiave-apiserver' }, warnings: [] }
}

/** A kind that is always served. */
export function builtInTarget(api: ApiContext, kind: Pick<Kind, 'group' | 'version' | 'plural'>): Target {
  const target = api.registry.find(kind.group, kind.version, kind.plural)
  if (!target) throw new Error(`${resourcePath(kind)} is not served`)
  return target
}

/** Creates an object of a built-in kind unless one of that name is there. */
export async function ensureObject(
  api: ApiContext,
  kind: Pick<Kind, 'group' | 'version' | 'plural'>,
  object: ApiObject,
): Promise<void> {
  const target = builtInTarget(api, kind)
  const key = {
    resource: resourceName(target.resource),
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
  }
  await api.store.write((revision) =>
    api.store.get(key)
      ? { value: undefined }
      : { ...decideCreate(serverWrite(api, target), object, revision), value: undefined },
  )
}

/** Brings the definitions of our own custom kinds to what this version says, and leaves those of others alone. */
export async function ensureDefinitions(api: ApiContext, kinds: readonly Kind[]): Promise<void> {
  const target = builtInTarget(api, customResourceDefinitionKind)
  await Promise.all(
    kinds.map(async (kind) => {
      // A definition is an object like any other.
      const wanted = definitionOf(kind) as unknown as ApiObject
      await ensureObject(api, customResourceDefinitionKind, wanted)
      const key = { resource: resourceName(target.resource), namespace: '', name: wanted.metadata.name }
      await api.store.write((revision) =>
        decideUpdate(
          serverWrite(api, target),
          { key, subresource: '', produce: (old) => refreshed(old, wanted), mustNameVersion: false },
          revision,
        ),
      )
    }),
  )
}

function refreshed(old: ApiObject, wanted: ApiObject): ApiObject {
  const [label] = Object.entries(managedByLabel)
  const ours = label !== undefined && old.metadata.labels?.[label[0]] === label[1]
  if (!ours || !isJsonObject(wanted['spec']) || jsonEqual(old['spec'], wanted['spec'])) return old
  return { ...old, spec: wanted['spec'] }
}
