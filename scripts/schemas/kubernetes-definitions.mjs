// @ts-check
import { definitionName } from './kubernetes-models.mjs'
import { schemaOfExpression, shapesOf } from './overlay.mjs'

/** @typedef {import('./overlay.mjs').Overlay} Overlay */
/** @typedef {import('./overlay.mjs').Shape} Shape */
/** @typedef {import('./read-declarations.mjs').Declaration} Declaration */
/** @typedef {import('./type-expression.mjs').Schema} Schema */

/**
 * @typedef {object} KubernetesOverlay
 * @property {Record<string, { group: string, kinds: string[] }>} packages
 * @property {Record<string, string[]>} shared types that kinds of several packages use
 * @property {Overlay} types
 */

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'
/** Types that Kubernetes publishes by a name of their own although they are one value. */
const valueTypes = {
  time: { name: `${meta}.Time`, schema: { type: 'string', format: 'date-time' } },
  microtime: { name: `${meta}.MicroTime`, schema: { type: 'string', format: 'date-time' } },
  quantity: { name: 'io.k8s.apimachinery.pkg.api.resource.Quantity', schema: { type: 'string' } },
  'int-or-string': {
    name: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
    schema: { type: 'string', format: 'int-or-string' },
  },
  raw: { name: 'io.k8s.apimachinery.pkg.runtime.RawExtension', schema: { type: 'object' } },
  fields: { name: `${meta}.FieldsV1`, schema: { type: 'object' } },
}

/** @type {Readonly<Record<string, Schema>>} */
const inlineTypes = { any: {}, object: { type: 'object' } }

/**
 * The definitions of the built-in kinds and of all they refer to, by the names under which Kubernetes publishes them.
 * References are `{ $ref: '#/definitions/…' }`, first among the keys of their schema.
 * @param {(name: string) => Declaration | undefined} modelOf
 * @param {KubernetesOverlay} overlay
 * @returns {Map<string, Schema>}
 */
export function kubernetesDefinitions(modelOf, overlay) {
  /** @type {Map<string, string>} */
  const names = new Map()
  for (const [name, { name: published }] of Object.entries(valueTypes)) names.set(name, published)
  for (const [root, types] of Object.entries(overlay.shared)) {
    for (const type of types) names.set(type, definitionName(type, root))
  }
  const shapes = collectShapes(modelOf, overlay, names)
  /** @type {Map<string, Schema>} */
  const definitions = new Map()
  for (const { name, schema } of Object.values(valueTypes)) definitions.set(name, schema)
  for (const [type, shape] of shapes) definitions.set(names.get(type) ?? type, definitionOf(shape, names))
  for (const [root, { group, kinds }] of Object.entries(overlay.packages)) {
    for (const type of kinds) {
      const name = definitionName(type, root)
      const kind = name.slice(name.lastIndexOf('.') + 1)
      const schema = definitions.get(name)
      if (schema) schema['x-kubernetes-group-version-kind'] = [{ group, kind, version: 'v1' }]
    }
  }
  return new Map([...definitions].sort(([left], [right]) => (left < right ? -1 : 1)))
}

/**
 * Walks from the kinds of each package to all they hold. A type belongs to the package that first uses it; the core
 * package comes first, since others use its types and it uses none of theirs.
 * @param {(name: string) => Declaration | undefined} modelOf
 * @param {KubernetesOverlay} overlay
 * @param {Map<string, string>} names is filled
 * @returns {Map<string, Shape>}
 */
function collectShapes(modelOf, overlay, names) {
  /** @type {Map<string, Shape>} */
  const shapes = new Map()
  /** @type {(type: string, root: string) => void} */
  const visit = (type, root) => {
    if (shapes.has(type) || type in valueTypes || type in inlineTypes) return
    const shape = shapeOfModel(type, modelOf, overlay.types)
    if (shape === undefined) return
    if (!names.has(type)) names.set(type, definitionName(type, root))
    shapes.set(type, shape)
    for (const { expression } of shape.fields.values()) visit(expression.replace(/^(\[\]|\{\})*/, ''), root)
  }
  for (const [root, { kinds }] of Object.entries(overlay.packages)) {
    for (const kind of kinds) {
      visit(kind, root)
      if (!shapes.has(kind)) throw new Error(`${root} has no type ${kind}`)
    }
  }
  const unused = Object.keys(overlay.types).filter((type) => !shapes.has(type))
  if (unused.length > 0) throw new Error(`Nothing uses the types ${unused.join(', ')}`)
  return shapes
}

/**
 * @param {string} type
 * @param {(name: string) => Declaration | undefined} modelOf
 * @param {Overlay} types
 * @returns {Shape | undefined}
 */
function shapeOfModel(type, modelOf, types) {
  const model = modelOf(type)
  const entries = types[type]
  if (model === undefined && entries === undefined) return undefined
  return shapesOf(model ? new Map([[type, model]]) : new Map(), entries ? { [type]: entries } : {}).get(type)
}

/**
 * @param {Shape} shape
 * @param {ReadonlyMap<string, string>} names
 * @returns {Schema}
 */
function definitionOf(shape, names) {
  /** @type {(type: string) => Schema} */
  const refer = (type) => {
    const name = names.get(type)
    if (name === undefined) throw new Error(`The type ${type} is not declared`)
    return { $ref: `#/definitions/${name}` }
  }
  /** @type {Record<string, Schema>} */
  const properties = {}
  for (const [field, { expression, facts, description }] of shape.fields) {
    const schema = schemaOfExpression(expression, { facts, refer, basic: (type) => basicSchema(type, refer) })
    properties[field] = description === '' ? schema : { ...schema, description }
  }
  const required = [...shape.fields].filter(([, field]) => field.required).map(([field]) => field)
  return {
    ...(shape.description === '' ? {} : { description: shape.description }),
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
    ...(required.length > 0 ? { required: required.sort() } : {}),
    type: 'object',
    ...shape.facts,
  }
}

/**
 * @param {string} type
 * @param {(type: string) => Schema} refer
 * @returns {Schema | undefined}
 */
function basicSchema(type, refer) {
  return type in valueTypes ? refer(type) : inlineTypes[type]
}
