import { isDeepStrictEqual } from 'node:util'
import type { Kind } from '@/contract/kinds/kind'
import type { KubeObject } from '@/contract/kube-object'
import { ApiError, type KubeClient } from '@/server/cluster/kube-client'

type WithStatus = KubeObject & { status?: unknown }

/**
 * Writes a status through the resource that holds it, if it differs. Resolves with the object as it is then; rejects
 * with a 409 when the object changed since it was read.
 */
export async function writeStatus<T extends WithStatus>(
  client: KubeClient,
  kind: Kind<T>,
  { object, status, fieldManager }: { object: T; status: NonNullable<T['status']>; fieldManager: string },
): Promise<T> {
  const next = withoutUndefined(status)
  if (isDeepStrictEqual(object.status, next)) return object
  return client.updateStatus(kind, { ...object, status: next }, { fieldManager })
}

/** Writes an object if it differs from what was read; rejects with a 409 when it changed since. */
export async function writeObject<T extends KubeObject>(
  client: KubeClient,
  kind: Kind<T>,
  { read, next, fieldManager }: { read: T; next: T; fieldManager: string },
): Promise<T> {
  const clean = withoutUndefined(next)
  if (isDeepStrictEqual(read, clean)) return read
  return client.update(kind, clean, { fieldManager })
}

/** Adds or removes one finalizer; an object that is already gone is as good as one without. */
export async function writeFinalizers<T extends KubeObject>(
  client: KubeClient,
  kind: Kind<T>,
  { object, add, remove, fieldManager }: { object: T; add?: string; remove?: string; fieldManager: string },
): Promise<T> {
  const { name, namespace, resourceVersion, finalizers = [] } = object.metadata
  const without = finalizers.filter((finalizer) => finalizer !== remove)
  const next = add && !without.includes(add) ? [...without, add] : without
  if (isDeepStrictEqual(next, finalizers)) return object
  const body = { metadata: { finalizers: next, ...(resourceVersion ? { resourceVersion } : {}) } }
  const ref = namespace ? { namespace, name } : { name }
  try {
    return await client.patch(kind, ref, { type: 'merge', body }, { fieldManager })
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return object
    throw error
  }
}

/** Resolves with whether it was created now; one that is there already (an earlier attempt's) is left as it is. */
export async function createIfAbsent<T extends KubeObject>(
  client: KubeClient,
  kind: Kind<T>,
  { object, fieldManager }: { object: T; fieldManager: string },
): Promise<boolean> {
  try {
    await client.create(kind, object, { fieldManager })
    return true
  } catch (error) {
    if (error instanceof ApiError && error.reason === 'AlreadyExists') return false
    throw error
  }
}

/** What JSON makes of it: a field set to undefined is absent. */
function withoutUndefined<T>(value: T): T {
  // A JSON round trip of a JSON value keeps its type.
  return JSON.parse(JSON.stringify(value)) as T
}
