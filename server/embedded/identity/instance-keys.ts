import type { ObjectStore } from '../storage/object-store'

/** Where the server keeps its own keys: encrypted like Secrets, backed up with the state, and served to nobody. */
export const instanceKeys = 'instance-keys'

/**
 * Reads a secret of the instance, or makes it in the very write that stores it. `make` answers JSON; it is not called
 * when there is one.
 */
export async function ensureInstanceKey<T extends object>(
  store: ObjectStore,
  name: string,
  make: () => T | Promise<T>,
): Promise<T> {
  const key = { resource: instanceKeys, namespace: '', name }
  // Written by this function alone.
  const read = (): T | undefined => {
    const entry = store.get(key)
    return entry && (JSON.parse(entry.body.toString('utf8')) as T)
  }
  const known = read()
  if (known) return known
  const made = await make()
  return store.write(() => {
    const meanwhile = read()
    if (meanwhile) return { value: meanwhile }
    return {
      change: { key, type: 'put', labels: undefined, body: Buffer.from(JSON.stringify(made)) },
      value: made,
    }
  })
}

/** Replaces a secret of the instance. */
export function replaceInstanceKey<T extends object>(store: ObjectStore, name: string, next: T): Promise<T> {
  const key = { resource: instanceKeys, namespace: '', name }
  const body = Buffer.from(JSON.stringify(next))
  return store.write(() => ({ change: { key, type: 'put', labels: undefined, body }, value: next }))
}
