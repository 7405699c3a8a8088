import {
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
  validatingAdmissionPolicyBindingKind,
  validatingAdmissionPolicyKind,
} from '@/contract/kinds/policy'
import { resourceName } from '../registry/served-resource'
import { type LogEntry, parseObject } from '../storage/log-entry'
import type { ObjectStore } from '../storage/object-store'
import { type CompiledPolicy, compilePolicy } from './compile-policy'

export const policies = resourceName(validatingAdmissionPolicyKind)
export const bindings = resourceName(validatingAdmissionPolicyBindingKind)

export interface BoundPolicy {
  compiled: CompiledPolicy
  bindings: ValidatingAdmissionPolicyBinding[]
}

/** The policies in force, compiled once; follows what is committed. */
export class PolicyIndex {
  readonly #store: ObjectStore
  readonly #policies = new Map<string, CompiledPolicy>()
  readonly #bindings = new Map<string, ValidatingAdmissionPolicyBinding>()
  readonly stop: () => void
  #bound: BoundPolicy[] | undefined

  constructor(store: ObjectStore) {
    this.#store = store
    for (const resource of [policies, bindings]) {
      for (const { revision } of store.snapshot({ resource })) {
        const entry = this.#store.entry(revision)
        if (entry) this.#take(entry)
      }
    }
    this.stop = store.onCommit((entries) => {
      for (const entry of entries) this.#take(entry)
    })
  }

  /** Policies that some binding puts into force, by name. */
  bound(): readonly BoundPolicy[] {
    this.#bound ??= [...this.#policies.values()]
      .map((compiled) => ({
        compiled,
        bindings: [...this.#bindings.values()].filter(({ spec }) => spec.policyName === compiled.policy.metadata.name),
      }))
      .filter((bound) => bound.bindings.length > 0)
      .sort((left, right) => (left.compiled.policy.metadata.name < right.compiled.policy.metadata.name ? -1 : 1))
    return this.#bound
  }

  #take({ resource, type, name, body }: LogEntry): void {
    if (resource !== policies && resource !== bindings) return
    this.#bound = undefined
    if (type === 'delete') {
      if (resource === policies) this.#policies.delete(name)
      else this.#bindings.delete(name)
    } else if (resource === policies) {
      // Checked by the kind's strategy before it was stored; the same holds below.
      const policy = parseObject(body) as unknown as ValidatingAdmissionPolicy
      this.#policies.set(
        name,
        compilePolicy(policy, () => {
          // Refused when it was written; one stored by an older version has the rest of its expressions.
        }),
      )
    } else this.#bindings.set(name, parseObject(body) as unknown as ValidatingAdmissionPolicyBinding)
  }
}
