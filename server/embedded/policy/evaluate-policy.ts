import type { AdmissionRequest } from '../admission/admission'
import type { ApiObject } from '../api-object'
import { dynamicValue } from '../cel/cel-value'
import type { Expression, Outcome } from '../cel/expression'
import { apiVersion } from '../registry/served-resource'
import type { CompiledPolicy, CompiledValidation } from './compile-policy'
import { versionOf } from './match-request'

/** A validation that did not hold, or could not be evaluated. */
export interface Failure {
  message: string
  reason: string | undefined
}

export interface Evaluation {
  request: AdmissionRequest
  namespace: ApiObject | undefined
  /** The `authorizer` of expressions. */
  authorizer: unknown
  /** In which objects are shown: kinds differ between versions in their name alone. */
  version: string
}

const longestMessage = 5 * 1024
const longestAnnotation = 10 * 1024

/** What all policies see of one request, converted once. */
export class RequestVariables {
  readonly size: number
  readonly #values: Record<string, unknown>

  constructor({ request, namespace, authorizer, version }: Evaluation) {
    const { group } = request.resource
    const shown = (object: ApiObject | undefined) =>
      dynamicValue(object ? { ...object, apiVersion: apiVersion(group, version) } : null)
    this.#values = {
      object: shown(request.object),
      oldObject: shown(request.old),
      request: dynamicValue(describe(request, version)),
      namespaceObject: dynamicValue(namespace ?? null),
      authorizer,
    }
    this.size = countValues(request.object) + countValues(request.old) + countValues(namespace)
  }

  /** With a policy's own variables, each evaluated when it is first asked for. */
  of(compiled: CompiledPolicy, params: ApiObject | null): Record<string, unknown> {
    const variables: Record<string, unknown> = {}
    const values = {
      ...this.#values,
      variables,
      ...(compiled.policy.spec.paramKind ? { params: dynamicValue(params) } : {}),
    }
    for (const { name, expression } of compiled.variables) {
      let outcome: Outcome | undefined
      Object.defineProperty(variables, name, {
        enumerable: true,
        get: () => {
          outcome ??= expression.evaluate(values, this.size)
          if ('error' in outcome) throw new Error(`composited variable "${name}" fails to evaluate: ${outcome.error}`)
          return outcome.value
        },
      })
    }
    return values
  }
}

export interface Verdict {
  failures: Failure[]
  /** For the audit log, by the keys that the policy gives them. */
  annotations: Record<string, string>
}

/** What does not hold of one request under one set of parameters, and what the policy has to say of it. Pure but for the authorizer. */
export function evaluatePolicy(
  compiled: CompiledPolicy,
  variables: RequestVariables,
  params: ApiObject | null,
): Verdict {
  const values = variables.of(compiled, params)
  const fails = compiled.policy.spec.failurePolicy !== 'Ignore'
  const run = (expression: Expression): Outcome => expression.evaluate(values, variables.size)
  const broken = (message: string): Failure[] => (fails ? [{ message, reason: undefined }] : [])
  for (const { name, expression } of compiled.conditions) {
    const outcome = run(expression)
    if ('error' in outcome) {
      return { failures: broken(`match condition "${name}" resulted in error: ${outcome.error}`), annotations: {} }
    }
    if (outcome.value !== true) return { failures: [], annotations: {} }
  }
  const failures = compiled.validations.flatMap((validation): Failure[] => {
    const outcome = run(validation.expression)
    const { source } = validation.expression
    if ('error' in outcome) return broken(`expression '${source}' resulted in error: ${outcome.error}`)
    return outcome.value === true ? [] : [{ message: messageOf(validation, run), reason: validation.reason }]
  })
  const annotations: Record<string, string> = {}
  for (const { key, expression } of compiled.annotations) {
    const outcome = run(expression)
    if ('error' in outcome) {
      failures.push(...broken(`expression '${expression.source}' resulted in error: ${outcome.error}`))
    } else if (typeof outcome.value === 'string' && outcome.value.trim() !== '') {
      annotations[key] = outcome.value.trim().slice(0, longestAnnotation)
    }
  }
  return { failures, annotations }
}

function messageOf(
  { expression, message, messageExpression }: CompiledValidation,
  run: (expression: Expression) => Outcome,
): string {
  const outcome = messageExpression && run(messageExpression)
  const worded = outcome && 'value' in outcome && typeof outcome.value === 'string' ? outcome.value.trim() : ''
  if (worded !== '' && worded.length <= longestMessage && !worded.includes('\n')) return worded
  return message?.trim() || `failed expression: ${expression.source.trim()}`
}

/** The `request` of expressions: an AdmissionRequest without its objects, `version` that of the policy's rule. */
function describe(request: AdmissionRequest, version: string): object {
  const { resource, operation, subresource, user, dryRun } = request
  const { group, kind, plural } = resource
  const asked = versionOf(request)
  const { metadata } = request.object ?? request.old ?? { metadata: undefined }
  return {
    kind: { group, version, kind },
    resource: { group, version, resource: plural },
    subResource: subresource,
    requestKind: { group, version: asked, kind },
    requestResource: { group, version: asked, resource: plural },
    requestSubResource: subresource,
    name: metadata?.name ?? '',
    namespace: metadata?.namespace ?? '',
    operation,
    userInfo: { username: user.name, uid: user.uid ?? '', groups: [...user.groups], extra: user.extra ?? {} },
    dryRun,
  }
}

function countValues(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  let count = 1
  for (const entry of Object.values(value)) count += countValues(entry)
  return count
}
