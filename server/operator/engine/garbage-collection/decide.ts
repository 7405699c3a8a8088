import type { KubeObject, OwnerReference } from '@/contract/kube-object'

export const foregroundFinalizer = 'foregroundDeletion'
export const orphanFinalizer = 'orphan'

/** An owner as it is found: there, there and waiting for its dependents to go, or gone (or another of that name). */
export type OwnerState = 'present' | 'waitingForDependents' | 'absent'

export interface ObservedDependent {
  object: KubeObject
  owners: readonly { reference: OwnerReference; state: OwnerState }[]
  /** Objects that name this one as an owner. */
  dependents: readonly KubeObject[]
}

export type CollectorAction =
  /** Every owner is gone: nothing wants it any more. */
  | { type: 'delete'; policy: 'Foreground' | 'Background' | undefined }
  /** Some owners remain: only the references to those that are gone are dropped. */
  | { type: 'dropOwners'; uids: readonly string[] }
  /** The owner of these goes and leaves them behind. */
  | { type: 'orphanDependents'; dependents: readonly KubeObject[] }
  | { type: 'removeFinalizer'; finalizer: string }

/** What Kubernetes' garbage collector does with one object (Kubernetes, Owners and Dependents). Pure. */
export function decideCollection(observed: ObservedDependent): CollectorAction[] {
  const { object, dependents } = observed
  const finalizers = object.metadata.finalizers ?? []
  if (object.metadata.deletionTimestamp) {
    if (finalizers.includes(orphanFinalizer)) {
      // In one go: once they no longer name their owner, nothing they do would bring it up again.
      const free: CollectorAction[] = dependents.length > 0 ? [{ type: 'orphanDependents', dependents }] : []
      return [...free, { type: 'removeFinalizer', finalizer: orphanFinalizer }]
    }
    if (finalizers.includes(foregroundFinalizer)) {
      const blocking = dependents.some((dependent) => blocks(dependent, object))
      return blocking ? [] : [{ type: 'removeFinalizer', finalizer: foregroundFinalizer }]
    }
    return []
  }
  return decideByOwners(observed)
}

function decideByOwners({ owners, dependents }: ObservedDependent): CollectorAction[] {
  if (owners.length === 0) return []
  const solid = owners.filter(({ state }) => state === 'present')
  const leaving = owners.filter(({ state }) => state !== 'present')
  if (leaving.length === 0) return []
  if (solid.length > 0) return [{ type: 'dropOwners', uids: leaving.map(({ reference }) => reference.uid) }]
  const waited = owners.some(({ state }) => state === 'waitingForDependents')
  // An owner that waits for us waits for our own dependents, too.
  return [{ type: 'delete', policy: waited && dependents.length > 0 ? 'Foreground' : undefined }]
}

function blocks(dependent: KubeObject, owner: KubeObject): boolean {
  return (dependent.metadata.ownerReferences ?? []).some(
    ({ uid, blockOwnerDeletion }) => uid === owner.metadata.uid && blockOwnerDeletion === true,
  )
}
