import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '@/contract/kinds/policy'
import type { ApiObject } from '../api-object'
import { AuthorizerValue } from '../cel/authorizer-functions'
import { forbidden, StatusError } from '../errors/status-error'
import type { Authorizer } from '../identity/authorize'
import type { Log } from '../log'
import { AuditTrace } from '../policy/audit-trace'
import { evaluatePolicy, type Failure, RequestVariables } from '../policy/evaluate-policy'
import { BindingError, findParams } from '../policy/find-params'
import { isAbout, versionFor, versionOf } from '../policy/match-request'
import { type BoundPolicy, bindings, type PolicyIndex, policies } from '../policy/policy-index'
import type { Registry } from '../registry/registry'
import { groupResource, resourceName } from '../registry/served-resource'
import type { AdmissionPlugin, AdmissionRequest } from './admission'

/** No policy may lock out those who would change it. */
const exempt = new Set([policies, bindings])

export interface PolicyParts {
  index: PolicyIndex
  registry: Registry
  authorizer: Authorizer
  /** Gets what policies leave for the audit log. */
  log: Log
}

/** Evaluates the ValidatingAdmissionPolicies that bindings put into force. */
export function validatingAdmissionPolicies(parts: PolicyParts): AdmissionPlugin {
  return {
    name: 'ValidatingAdmissionPolicy',
    resources: ['*'],
    validate(request) {
      const bound = parts.index.bound()
      if (bound.length === 0 || exempt.has(resourceName(request.resource))) return
      const namespace = namespaceOf(request)
      const authorizer = new AuthorizerValue(askerOf(parts.authorizer, request), aboutOf(request))
      const seen = new Map<string, RequestVariables>()
      const trace = new AuditTrace()
      try {
        for (const entry of bound) {
          const version = versionFor(entry.compiled.policy.spec.matchConstraints, request, namespace)
          if (version === undefined) continue
          const variables = seen.get(version) ?? new RequestVariables({ request, namespace, authorizer, version })
          seen.set(version, variables)
          enforce(entry, { parts, request, namespace, variables, trace })
        }
      } finally {
        trace.write(parts.log, request)
      }
    },
  }
}

interface Enforcement {
  parts: PolicyParts
  request: AdmissionRequest
  namespace: ApiObject | undefined
  variables: RequestVariables
  trace: AuditTrace
}

function enforce({ compiled, bindings: own }: BoundPolicy, enforcement: Enforcement): void {
  const { parts, request, namespace, variables, trace } = enforcement
  const { policy } = compiled
  for (const binding of own) {
    if (!isAbout(binding.spec.matchResources, request, namespace)) continue
    try {
      const params = findParams({
        registry: parts.registry,
        paramKind: policy.spec.paramKind,
        paramRef: binding.spec.paramRef,
        request,
      })
      for (const param of params) {
        const { failures, annotations } = evaluatePolicy(compiled, variables, param)
        trace.annotate(policy.metadata.name, annotations)
        for (const failure of failures) act({ policy, binding, failure, request, trace })
      }
    } catch (error) {
      if (!(error instanceof BindingError)) throw error
      if (policy.spec.failurePolicy === 'Ignore') continue
      const failure = { message: `failed to configure binding: ${error.message}`, reason: undefined }
      throw denied({ policy, binding, failure, request, trace })
    }
  }
}

interface Consequence {
  policy: ValidatingAdmissionPolicy
  binding: ValidatingAdmissionPolicyBinding
  failure: Failure
  request: AdmissionRequest
  trace: AuditTrace
}

function act(consequence: Consequence): void {
  const { policy, binding, failure, request, trace } = consequence
  const actions = binding.spec.validationActions ?? []
  if (actions.includes('Audit')) trace.fail({ policy, binding, message: failure.message })
  if (actions.includes('Warn')) {
    request.warnings.push(
      `Validation failed for ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}': ${failure.message}`,
    )
  }
  if (actions.includes('Deny')) throw denied(consequence)
}

const codes: Readonly<Record<string, number>> = {
  Unauthorized: 401,
  Forbidden: 403,
  RequestEntityTooLarge: 413,
  Invalid: 422,
}

function denied({ policy, binding, failure, request }: Consequence): StatusError {
  const message = `ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${failure.message}`
  const name = (request.object ?? request.old)?.metadata.name ?? ''
  const { status } = forbidden(groupResource(request.resource), name, message)
  const reason = failure.reason ?? 'Invalid'
  return new StatusError({
    ...status,
    reason,
    code: codes[reason] ?? 422,
    details: { ...status.details, causes: [{ message }] },
  })
}

function namespaceOf({ object, old, read, resource }: AdmissionRequest): ApiObject | undefined {
  const name = resource.namespaced ? (object ?? old)?.metadata.namespace : undefined
  return name === undefined ? undefined : read({ resource: 'namespaces', namespace: '', name })
}

function aboutOf(request: AdmissionRequest) {
  const { resource, subresource } = request
  const { metadata } = request.object ?? request.old ?? { metadata: undefined }
  return {
    group: resource.group,
    resource: resource.plural,
    subresource,
    namespace: metadata?.namespace ?? '',
    name: metadata?.name ?? '',
  }
}

function askerOf(authorizer: Authorizer, request: AdmissionRequest): ConstructorParameters<typeof AuthorizerValue>[0] {
  return ({ path, verb, serviceAccount, ...about }) => {
    const user = serviceAccount
      ? {
          name: `system:serviceaccount:${serviceAccount.namespace}:${serviceAccount.name}`,
          groups: [
            'system:serviceaccounts',
            `system:serviceaccounts:${serviceAccount.namespace}`,
            'system:authenticated',
          ],
        }
      : request.user
    const verdict = authorizer.authorize(
      path === undefined
        ? { type: 'resource', user, verb, version: versionOf(request), ...about }
        : { type: 'path', user, verb, path },
    )
    return { allowed: verdict.allowed, reason: verdict.reason ?? '' }
  }
}
