import type { ApiObject } from '../api-object'
import type { User } from '../identity/user'
import type { ServedResource } from '../registry/served-resource'
import type { ReadObject, ReadObjects } from '../strategies/strategy'

/** A write about to happen. Plug-ins run inside the write's turn: everything they read is what the write will be made on. */
export interface AdmissionRequest {
  operation: 'CREATE' | 'UPDATE' | 'DELETE'
  resource: ServedResource
  /** '' for the main resource. */
  subresource: string
  /** What will be stored; mutating plug-ins change it. Absent for deletes. */
  object: ApiObject | undefined
  old: ApiObject | undefined
  user: User
  dryRun: boolean
  read: ReadObject
  list: ReadObjects
  /** Whether who asks may also do something else, as webhooks find out by a SubjectAccessReview. */
  authorize?(action: AdmissionAction): boolean
  /** Collected into Warning headers. */
  warnings: string[]
}

/** Something that the user of a request may or may not do. */
export interface AdmissionAction {
  verb: string
  group: string
  resource: string
  subresource: string
  namespace: string
  name: string
}

/**
 * A rule about writes that schemas cannot say. `mutate` of all plug-ins runs before `validate` of any; both refuse by
 * throwing a StatusError.
 */
export interface AdmissionPlugin {
  name: string
  /** Resources by store name, e.g. `virtualmachines.kubevirt.io`; `*` for all. */
  resources: readonly string[]
  mutate?(request: AdmissionRequest): void
  validate?(request: AdmissionRequest): void
}

export class AdmissionChain {
  readonly #plugins: readonly AdmissionPlugin[]

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins
  }

  mutate(resourceName: string, request: AdmissionRequest): void {
    for (const plugin of this.#for(resourceName)) plugin.mutate?.(request)
  }

  validate(resourceName: string, request: AdmissionRequest): void {
    for (const plugin of this.#for(resourceName)) plugin.validate?.(request)
  }

  #for(resourceName: string): AdmissionPlugin[] {
    return this.#plugins.filter(({ resources }) => resources.includes('*') || resources.includes(resourceName))
  }
}
