import type { ApiObject } from '../api-object'
import type { FieldError } from '../errors/status-error'
import type { ObjectKey } from '../storage/log-entry'

/** Other objects, read while a write is decided. */
export type ReadObject = (key: ObjectKey) => ApiObject | undefined

/** All objects of a resource, by its store name; of one namespace where one is named. */
export type ReadObjects = (resource: string, namespace?: string) => ApiObject[]

/** What differs from kind to kind when objects are written (what Kubernetes calls a REST strategy). */
export interface ResourceStrategy {
  /** `always`: bumped by every change outside metadata and the status subresource; `never`: the kind has no generation. */
  generation: 'always' | 'never'
  /** Whether an update without resourceVersion is accepted (and overwrites). */
  unconditionalUpdate: boolean
  /** Whether a PUT of a missing object creates it. */
  createOnUpdate: boolean
  /** Names must be DNS labels instead of subdomains. */
  labelName?: boolean
  /** Names may be anything that can stand in a path. */
  pathName?: boolean
  /** Whether status is kept at create although it is a subresource. */
  keepsStatusOnCreate?: boolean
  /** Fills in defaults and drops what a client may not set; changes the object. */
  prepareForCreate?(object: ApiObject): void
  prepareForUpdate?(object: ApiObject, old: ApiObject): void
  validate?(object: ApiObject): FieldError[]
  validateUpdate?(object: ApiObject, old: ApiObject): FieldError[]
  /**
   * Seconds between a delete and the object's end, which something else then brings about by a delete with 0;
   * undefined: at once.
   */
  gracePeriod?(object: ApiObject, requested: number | undefined): number | undefined
  /** Whether an object that is being deleted may go now, finalizers of its metadata aside. */
  mayGo?(object: ApiObject): boolean
  /** Changes an object whose deletion begins. */
  beginDelete?(object: ApiObject): void
}

export const plainStrategy: ResourceStrategy = {
  generation: 'never',
  unconditionalUpdate: true,
  createOnUpdate: false,
}
