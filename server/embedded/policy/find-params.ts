import type { ValidatingAdmissionPolicyBinding } from '@/contract/kinds/policy'
import type { AdmissionRequest } from '../admission/admission'
import type { ApiObject } from '../api-object'
import { meetsLabelSelector } from '../query/label-selector'
import type { Registry } from '../registry/registry'
import { resourceName } from '../registry/served-resource'

/** A binding that cannot be made to work; the message says why. */
export class BindingError extends Error {}

interface ParamQuestion {
  registry: Registry
  paramKind: { apiVersion: string; kind: string } | undefined
  paramRef: ValidatingAdmissionPolicyBinding['spec']['paramRef']
  request: AdmissionRequest
}

/**
 * The objects that a binding gives its policy as parameters, each of which the policy is evaluated with; `[null]` for a
 * policy without any. Throws a BindingError.
 */
export function findParams({ registry, paramKind, paramRef, request }: ParamQuestion): (ApiObject | null)[] {
  if (!paramKind || !paramRef) return [null]
  const { apiVersion, kind } = paramKind
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  const resource = registry
    .resources()
    .find(
      (known) => known.group === group && known.kind === kind && known.versions.some(({ name }) => name === version),
    )
  if (!resource) {
    throw new BindingError(`failed to find resource referenced by paramKind: '${apiVersion}, Kind=${kind}'`)
  }
  const namespace = namespaceOf(paramRef.namespace, resource.namespaced, request)
  const name = resourceName(resource)
  const found = paramRef.name
    ? [request.read({ resource: name, namespace: namespace ?? '', name: paramRef.name })].filter(isPresent)
    : request.list(name, namespace).filter(({ metadata }) => meetsLabelSelector(paramRef.selector, metadata.labels))
  if (found.length > 0) return found
  if (paramRef.parameterNotFoundAction === 'Allow') return []
  throw new BindingError('no params found for policy binding with `Deny` parameterNotFoundAction')
}

function isPresent(object: ApiObject | undefined): object is ApiObject {
  return object !== undefined
}

function namespaceOf(given: string | undefined, namespaced: boolean, request: AdmissionRequest): string | undefined {
  if (!namespaced) {
    if (given) throw new BindingError('paramRef.namespace must not be provided for a cluster-scoped `paramKind`')
    return undefined
  }
  const own = (request.object ?? request.old)?.metadata.namespace
  const namespace = given || own
  if (!namespace) {
    throw new BindingError('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources')
  }
  return namespace
}
