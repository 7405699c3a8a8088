import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '@/contract/kinds/policy'
import type { AdmissionRequest } from '../admission/admission'
import type { Log } from '../log'

/** A validation that did not hold under a binding that wants it audited. */
interface AuditedFailure {
  policy: ValidatingAdmissionPolicy
  binding: ValidatingAdmissionPolicyBinding
  message: string
}

/**
 * What policies leave of one request for whoever audits: the annotations that a real API server adds to its audit event,
 * under the same keys, as one line of the log.
 */
export class AuditTrace {
  readonly #annotations = new Map<string, Set<string>>()
  readonly #failures: object[] = []

  /** Values of one key by several bindings stand side by side. */
  annotate(policy: string, annotations: Readonly<Record<string, string>>): void {
    for (const [key, value] of Object.entries(annotations)) {
      const name = `${policy}/${key}`
      this.#annotations.set(name, (this.#annotations.get(name) ?? new Set()).add(value))
    }
  }

  fail({ policy, binding, message }: AuditedFailure): void {
    this.#failures.push({
      message,
      policy: policy.metadata.name,
      binding: binding.metadata.name,
      validationActions: binding.spec.validationActions,
    })
  }

  write(log: Log, { operation, resource, subresource, object, old, user, dryRun }: AdmissionRequest): void {
    const annotations = Object.fromEntries([...this.#annotations].map(([key, values]) => [key, [...values].join(', ')]))
    if (this.#failures.length > 0) {
      annotations['validation.policy.admission.k8s.io/validation_failure'] = JSON.stringify(this.#failures)
    }
    if (Object.keys(annotations).length === 0) return
    const { metadata } = object ?? old ?? { metadata: undefined }
    const { group, plural } = resource
    const about = { group, resource: plural, subresource, namespace: metadata?.namespace, name: metadata?.name }
    log.info({ audit: true, user: user.name, operation, ...about, dryRun, annotations }, 'admission policies')
  }
}
