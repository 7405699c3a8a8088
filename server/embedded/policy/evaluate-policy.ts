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

/** What does not hold of one request under one set of parameters. Pure but for the authorizer. */
export function evaluatePolicy(
  compiled: CompiledPolicy,
  variables: RequestVariables,
  params: ApiObject | null,
): Failure[] {
  const values = variables.of(compiled, params)
  const fails = compiled.policy.spec.failurePolicy !== 'Ignore'
  const run = (expression: Expression): Outcome => expression.evaluate(values, variables.size)
  for (const { name, expression } of compiled.conditions) {
    const outcome = run(expression)
    if ('error' in outcome) {
      const why = `match condition "${name}" resulted in error: ${outcome.error}`
      return fails ? [{ message: why, reason: undefined }] : []
    }
    if (outcome.value !== true) return []
  }
  return compiled.validations.flatMap((validation): Failure[] => {
    const outcome = run(validation.expression)
    const { source } = validation.expression
    if ('error' in outcome) {
      const message = `expression '${source}' resulted in error: ${outcome.error}`
      return fails ? [{ message, reason: undefined }] : []
    }
    if (outcome.value === true) return []
    return [{ message: messageOf(validation, run), reason: validation.reason }]
  })
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
