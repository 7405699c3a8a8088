import type { JsonObject } from '@/contract/json'
import type { FieldError } from '../errors/status-error'
import { fillDefaults } from './default-values'
import { SchemaRules } from './evaluate-rules'
import { duplicateErrors, embeddedErrors } from './list-and-resource-errors'
import { pruneObject } from './prune-fields'
import { readSchema, type SchemaNode } from './schema-node'
import { ValueValidator } from './validate-value'

/** After these, rules would be evaluated on values that they were not written for. */
const blocking: ReadonlySet<FieldError['reason']> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
])

const skippedRules: FieldError = {
  reason: 'FieldValueInvalid',
  field: '<nil>',
  detail:
    'Invalid value: "null": some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
}

/** The schema of one version of a custom kind, read once: what it does to objects and says against them. */
export class CompiledSchema {
  readonly root: SchemaNode
  readonly #rules = new SchemaRules()

  constructor(root: SchemaNode) {
    this.root = root
  }

  /** Fills in defaults and drops nulls that are not allowed; changes the object. */
  fillDefaults(object: JsonObject): void {
    const { apiVersion, kind, metadata } = object
    fillDefaults(this.root, object)
    // What every object has is not the schema's to change.
    Object.assign(object, { apiVersion, kind, metadata })
  }

  /** Whether filling in defaults can change anything. */
  get hasDefaults(): boolean {
    return this.root.has.defaults
  }

  /** Removes unknown fields, changing the object, and names them in `unknown`. */
  prune(object: JsonObject, unknown?: string[]): void {
    pruneObject(this.root, object, unknown)
  }

  /** What is wrong with an object; with `old`, what an update left as it was is tolerated. */
  validate(object: JsonObject, old?: JsonObject): FieldError[] {
    const { root } = this
    const validator = new ValueValidator()
    validator.check(root, object, { path: '', old: undefined })
    const all = old === undefined || validator.errors.length === 0 ? validator.errors : ratcheted(root, object, old)
    const errors = [...all, ...embeddedErrors(root, object)]
    const repeated = duplicateErrors(root, object)
    if (repeated.length > 0 && (old === undefined || duplicateErrors(root, old).length === 0)) errors.push(...repeated)
    if (errors.some(({ reason }) => blocking.has(reason))) return root.has.rules ? [...errors, skippedRules] : errors
    return [...errors, ...this.#rules.evaluate({ node: root, root: true }, object, old)]
  }
}

function ratcheted(root: SchemaNode, object: JsonObject, old: JsonObject): FieldError[] {
  const validator = new ValueValidator()
  validator.check(root, object, { path: '', old })
  return validator.errors
}

/** Compiles the `openAPIV3Schema` of one version. Throws SchemaDepthError for a schema nested beyond all reason. */
export function compileSchema(raw: unknown): CompiledSchema {
  return new CompiledSchema(readSchema(raw))
}
