import { isJsonObject } from '@/contract/json'
import type { ApiObject } from '../api-object'
import { plainStrategy, type ResourceStrategy } from './strategy'

/** The finalizer that keeps a namespace until its objects are gone. */
export const namespaceFinalizer = 'kubernetes'

export function specFinalizers(namespace: ApiObject): string[] {
  const spec = namespace['spec']
  const finalizers = isJsonObject(spec) ? spec['finalizers'] : undefined
  return Array.isArray(finalizers) ? finalizers.map(String) : []
}

export const namespaceStrategy: ResourceStrategy = {
  ...plainStrategy,
  labelName: true,
  prepareForCreate(object) {
    object['spec'] = { finalizers: [...new Set([...specFinalizers(object), namespaceFinalizer])] }
    object['status'] = { phase: 'Active' }
    object.metadata.labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name }
  },
  prepareForUpdate(object, old) {
    // Only the finalize subresource changes these.
    object['spec'] = old['spec']
    object.metadata.labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name }
  },
  mayGo: (object) => specFinalizers(object).length === 0,
  beginDelete(object) {
    object['status'] = { ...(isJsonObject(object['status']) ? object['status'] : {}), phase: 'Terminating' }
  },
}
