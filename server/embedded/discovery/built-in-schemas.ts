import { isJsonObject, type JsonObject } from '@/contract/json'
import { BuiltInType } from './built-in-type'
import type { GroupVersionKind, SchemaFiles } from './schema-files'

/** What each published one-value type accepts; Kubernetes publishes less than it takes (a quantity may be a number). */
const values: Readonly<Record<string, JsonObject>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': {
    anyOf: [{ type: 'number' }, { type: 'string' }],
    'x-kubernetes-preserve-unknown-fields': true,
    nullable: true,
  },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { 'x-kubernetes-int-or-string': true, nullable: true },
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': { type: 'string', format: 'date-time', nullable: true },
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': { type: 'string', format: 'date-time', nullable: true },
}

const freeform: JsonObject = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, nullable: true }

/**
 * The schemas of the built-in kinds in the structural form that custom kinds have, so that one engine checks both. Every
 * value may be null, which Kubernetes' own decoding takes for absent. Types that are used in several places are one and
 * the same object: do not change what is returned.
 */
export class BuiltInSchemas {
  readonly #files: SchemaFiles
  readonly #resolved = new Map<string, JsonObject>()
  readonly #names = new WeakMap<JsonObject, string>()
  readonly #types = new Map<string, BuiltInType>()

  constructor(files: SchemaFiles) {
    this.#files = files
  }

  /** The schema of a whole object, its metadata included; undefined for a kind without a definition. */
  schemaOfBuiltIn(kind: GroupVersionKind): JsonObject | undefined {
    const name = this.#files.nameOf(kind)
    return name === undefined ? undefined : this.#resolve(name, [])
  }

  /** The same, ready to read objects with. */
  typeOf(kind: GroupVersionKind): BuiltInType | undefined {
    const key = `${kind.group}/${kind.version}/${kind.kind}`
    let type = this.#types.get(key)
    if (!type) {
      const schema = this.schemaOfBuiltIn(kind)
      if (!schema) return undefined
      type = new BuiltInType(schema, (node) => this.#names.get(node))
      this.#types.set(key, type)
    }
    return type
  }

  /** The schema of every object's metadata. */
  objectMeta(): JsonObject | undefined {
    return this.#resolve('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta', [])
  }

  #resolve(name: string, above: readonly string[]): JsonObject | undefined {
    const value = values[name]
    if (value) return value
    // A schema inside a schema has no end.
    if (above.includes(name)) return freeform
    let resolved = this.#resolved.get(name)
    if (!resolved) {
      const definition = this.#files.definition(name)
      if (!definition) return undefined
      resolved = this.#structural(definition, [...above, name])
      this.#resolved.set(name, resolved)
      this.#names.set(resolved, name)
    }
    return resolved
  }

  #structural(schema: JsonObject, above: readonly string[]): JsonObject {
    const { $ref, description: _description, properties, items, additionalProperties, ...rest } = schema
    if (typeof $ref === 'string') {
      const target = this.#resolve($ref.slice('#/definitions/'.length), above) ?? freeform
      if (Object.keys(rest).length === 0) return target
      const copy = { ...target, ...rest }
      const name = this.#names.get(target)
      if (name !== undefined) this.#names.set(copy, name)
      return copy
    }
    if (isJsonObject(properties)) {
      const fields = Object.entries(properties).filter((entry): entry is [string, JsonObject] => isJsonObject(entry[1]))
      return {
        ...rest,
        nullable: true,
        properties: Object.fromEntries(fields.map(([field, child]) => [field, this.#structural(child, above)])),
      }
    }
    if (isJsonObject(items)) return { ...rest, nullable: true, items: this.#structural(items, above) }
    if (isJsonObject(additionalProperties)) {
      return { ...rest, nullable: true, additionalProperties: this.#structural(additionalProperties, above) }
    }
    const open = rest['type'] === undefined || rest['type'] === 'object'
    return { ...rest, nullable: true, ...(open ? { 'x-kubernetes-preserve-unknown-fields': true } : {}) }
  }
}
