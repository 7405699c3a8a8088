import type { ApiObject } from '../api-object'
import type { FieldError } from '../errors/status-error'
import { apiVersion, type Target } from '../registry/served-resource'
import { removeUnknown } from './unknown-fields'

/** Makes an object what the schema of the request's version says it is: unknown fields go, defaults come. */
export function conform(target: Target, object: ApiObject): void {
  removeUnknown(target, object)
  fillIn(target, object)
}

/** Fills in the defaults of the request's version, which an object stored under an older schema may lack. */
export function fillIn({ version }: Target, object: ApiObject): void {
  version.compiled?.fillDefaults(object)
}

/** What the schema of the request's version says against an object; `old`: what it was before an update. */
export function schemaErrors({ resource, version }: Target, object: ApiObject, old?: ApiObject): FieldError[] {
  const { compiled } = version
  if (!compiled) return []
  if (!old) return compiled.validate(object)
  // Versions differ in their name alone: rules that compare must not see a change there.
  return compiled.validate(object, { ...old, apiVersion: apiVersion(resource.group, version.name) })
}
