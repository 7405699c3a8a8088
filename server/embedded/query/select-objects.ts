import { type Pointer, peekObject } from '../storage/log-entry'
import type { ObjectStore } from '../storage/object-store'
import { hasSelectedKey, passesSelectors, type Selection } from './selection'

/** Whether an object of a snapshot is selected; its body is read only when a field of it counts. */
export function selects(store: ObjectStore, selection: Selection, pointer: Pointer): boolean {
  return (
    hasSelectedKey(selection, pointer) &&
    passesSelectors(selection, {
      ...pointer,
      object: () => {
        const entry = store.entry(pointer.revision)
        return entry ? peekObject(entry.body) : {}
      },
    })
  )
}

/** All selected objects of a resource as they are now. */
export function selectNow(store: ObjectStore, resource: string, selection: Selection): Pointer[] {
  return store
    .snapshot({ resource, namespace: selection.namespace || undefined })
    .filter((pointer) => selects(store, selection, pointer))
}
