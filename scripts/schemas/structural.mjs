// @ts-check
import { schemaOfExpression } from './overlay.mjs'

/** @typedef {import('./overlay.mjs').Shape} Shape */
/** @typedef {import('./type-expression.mjs').Schema} Schema */

const rootDescriptions = {
  apiVersion: 'The version of the schema of this representation of an object.',
  kind: 'The kind of this object.',
}

/**
 * The structural schema of a kind, as a CustomResourceDefinition takes it: references are replaced by what they refer to.
 * @param {ReadonlyMap<string, Shape>} shapes
 * @param {string} root
 * @returns {Schema}
 */
export function structuralSchema(shapes, root) {
  const schema = inline(shapes, root, [])
  const properties = /** @type {Record<string, Schema>} */ (schema['properties'])
  return {
    ...schema,
    properties: {
      ...properties,
      apiVersion: { type: 'string', description: rootDescriptions.apiVersion },
      kind: { type: 'string', description: rootDescriptions.kind },
      // Its fields are the server's own, the same for all kinds.
      metadata: { type: 'object' },
    },
  }
}

/**
 * @param {ReadonlyMap<string, Shape>} shapes
 * @param {string} name
 * @param {readonly string[]} above the types this one is inside of
 * @returns {Schema}
 */
function inline(shapes, name, above) {
  const shape = shapes.get(name)
  if (shape === undefined) throw new Error(`The type ${name} is not declared`)
  if (above.includes(name)) throw new Error(`The type ${name} holds itself: ${[...above, name].join(' > ')}`)
  /** @param {string} type */
  const refer = (type) => inline(shapes, type, [...above, name])
  /** @type {Record<string, Schema>} */
  const properties = {}
  for (const [field, { expression, facts, description }] of shape.fields) {
    if (above.length === 0 && field === 'metadata') continue
    const schema = schemaOfExpression(expression, { facts, refer })
    properties[field] = description === '' ? schema : { ...schema, description: brief(description) }
  }
  const required = [...shape.fields].filter(([, field]) => field.required).map(([field]) => field)
  return {
    type: 'object',
    ...(shape.description === '' ? {} : { description: shape.description }),
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
    ...(required.length > 0 ? { required: required.sort() } : {}),
    ...shape.facts,
  }
}

/**
 * The grammar of quantities is repeated at every quantity; nobody reads it forty times.
 * @param {string} description
 */
function brief(description) {
  return description.startsWith('Quantity is a fixed-point') ? 'A quantity, such as 1500m or 4Gi.' : description
}
