import { createHash } from 'node:crypto'
import { isJsonObject, jsonEqual } from '@/contract/json'
import { customResourceDefinitionKind } from '@/contract/kinds/core'
import { type Kind, resourcePath } from '@/contract/kinds/kind'
import type { ApiContext } from '../api-context'
import type { ApiObject } from '../api-object'
import type { SchemaFiles } from '../discovery/schema-files'
import { StatusError } from '../errors/status-error'
import type { User } from '../identity/user'
import { definitionOf, managedByLabel } from '../registry/definition'
import { resourceName, type Target } from '../registry/served-resource'
import { systemPriorities } from '../strategies/limits'
import { decideCreate } from '../write/create-object'
import { decideUpdate } from '../write/update-object'
import type { WriteContext } from '../write/write-context'

/** The server itself, where it writes without being asked. */
export const serverUser: User = { name: 'system:apiserver', groups: ['system:masters'] }

/** The PriorityClasses every cluster has, for its own parts. */
export function firstPriorityClasses(): ApiObject[] {
  return Object.entries(systemPriorities).map(([name, value]) => ({
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name },
    value,
    description:
      name === 'system-node-critical'
        ? 'Used for system critical pods that must not be moved from their current node.'
        : 'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  }))
}

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
      : { ...decideCreate(serverWrite(api, target), structuredClone(object), revision), value: undefined },
  )
}

/** Waits for a write to something that may be deleted meanwhile, which is as good. */
export async function unlessGone(write: Promise<unknown>): Promise<void> {
  try {
    await write
  } catch (error) {
    if (!(error instanceof StatusError) || error.code !== 404) throw error
  }
}

/**
 * On a definition of ours: what it was made from, and the generation it had then. As long as both hold, nobody has changed
 * it and there is nothing to bring, which spares every start to read and compare large schemas.
 */
const madeFrom = 'chiave.io/made-from'

/** Brings the definitions of our own custom kinds to what this version says, and leaves those of others alone. */
export async function ensureDefinitions(api: ApiContext, kinds: readonly Kind[], schemas: SchemaFiles): Promise<void> {
  const target = builtInTarget(api, customResourceDefinitionKind)
  const resource = resourceName(target.resource)
  const stamp = schemas.fingerprint()
  await Promise.all(
    kinds.map(async (kind) => {
      const name = resourceName(kind)
      const source = createHash('sha256')
        .update(stamp)
        .update(JSON.stringify(definitionOf(kind, {})))
      const fingerprint = source.digest('hex')
      const stored = api.store.get({ resource, namespace: '', name })
      if (stored && isUpToDate(stored.body, fingerprint)) return
      // A definition is an object like any other.
      const wanted = definitionOf(kind, schemas.ofCustomKind(name)) as unknown as ApiObject
      wanted.metadata.annotations = { [madeFrom]: `${fingerprint}@1` }
      if (!stored) return ensureObject(api, customResourceDefinitionKind, wanted)
      await api.store.write((revision) =>
        decideUpdate(
          serverWrite(api, target),
          {
            key: { resource, namespace: '', name },
            subresource: '',
            produce: (old) => refreshed(old, wanted, fingerprint),
            mustNameVersion: false,
          },
          revision,
        ),
      )
    }),
  )
}

/** Looks at the text alone: both are near the beginning of an object. */
function isUpToDate(body: Buffer, fingerprint: string): boolean {
  const head = body.subarray(0, 4096).toString('latin1')
  const generation = /"generation":(\d+)/.exec(head)?.[1]
  return generation !== undefined && head.includes(`"${madeFrom}":"${fingerprint}@${generation}"`)
}

function refreshed(old: ApiObject, wanted: ApiObject, fingerprint: string): ApiObject {
  const [label] = Object.entries(managedByLabel)
  const ours = label !== undefined && old.metadata.labels?.[label[0]] === label[1]
  const { generation = 1, annotations } = old.metadata
  if (!ours || !isJsonObject(wanted['spec'])) return old
  const same = jsonEqual(old['spec'], wanted['spec'])
  const made = `${fingerprint}@${same ? generation : generation + 1}`
  if (same && annotations?.[madeFrom] === made) return old
  return {
    ...old,
    metadata: { ...old.metadata, annotations: { ...annotations, [madeFrom]: made } },
    spec: wanted['spec'],
  }
}
