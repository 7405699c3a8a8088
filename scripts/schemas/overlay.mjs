// @ts-check
import { basicTypes, expressionOf } from './type-expression.mjs'

/** @typedef {import('./read-declarations.mjs').Declaration} Declaration */
/** @typedef {import('./type-expression.mjs').Schema} Schema */

/**
 * What a field's schema says besides its type: JSON Schema keywords as they are, and
 * `list`: `atomic`, `set` or the keys of its elements; `of`: the same for the elements of a list or map.
 * @typedef {Record<string, unknown>} Facts
 */

/**
 * @typedef {object} ShapeField
 * @property {string} expression
 * @property {boolean} required
 * @property {string} description
 * @property {Facts} facts
 */

/** @typedef {{ description: string, fields: Map<string, ShapeField>, facts: Schema }} Shape */

/**
 * An overlay of `contract/schemas/`: by type, what the published types do not say. A field set to null is left out; `$type`
 * holds facts of the type itself; `$like` names a declared type to start from; `$atomic` lists the fields that are lists
 * and merge as one value.
 * @typedef {Record<string, Record<string, unknown>>} Overlay
 */

/**
 * The declared types with the overlay laid over them. Throws when the overlay speaks of something that is not there, so
 * that a new version of the published types cannot silently lose a fact.
 * @param {ReadonlyMap<string, Declaration>} declared
 * @param {Overlay} overlay
 * @returns {Map<string, Shape>}
 */
export function shapesOf(declared, overlay) {
  /** @type {Map<string, Shape>} */
  const shapes = new Map()
  for (const [name, declaration] of declared) shapes.set(name, shapeOf(declaration))
  for (const [name, entries] of Object.entries(overlay)) {
    const like = entries['$like']
    const base = declared.get(typeof like === 'string' ? like : name)
    if (like !== undefined && base === undefined)
      throw new Error(`${name} is like ${String(like)}, which is not declared`)
    const shape = base ? shapeOf(base) : { description: '', fields: new Map(), facts: {} }
    for (const [field, entry] of Object.entries(entries)) patch({ shape, type: name, field, entry })
    shapes.set(name, shape)
  }
  return shapes
}

/**
 * @param {Declaration} declaration
 * @returns {Shape}
 */
function shapeOf({ description, fields }) {
  /** @type {Map<string, ShapeField>} */
  const shaped = new Map()
  for (const [name, field] of fields) {
    shaped.set(name, {
      expression: field.expression ?? expressionOf(field.type, field.description),
      required: !field.optional,
      description: field.description,
      facts: {},
    })
  }
  return { description, fields: shaped, facts: {} }
}

/** @param {{ shape: Shape, type: string, field: string, entry: unknown }} input */
function patch({ shape, type, field, entry }) {
  if (field === '$like') return
  if (field === '$atomic') {
    for (const name of listOf(entry)) patch({ shape, type, field: name, entry: { list: 'atomic' } })
  } else if (field === '$type') {
    shape.facts = factsOf(entry)
  } else if (entry !== null) {
    const known = shape.fields.get(field)
    shape.fields.set(
      field,
      patchedField(known, factsOf(typeof entry === 'string' ? { type: entry } : entry), `${type}.${field}`),
    )
  } else if (!shape.fields.delete(field)) {
    throw new Error(`${type}.${field} is left out, but there is no such field`)
  }
}

/**
 * @param {ShapeField | undefined} known
 * @param {Facts} entry
 * @param {string} name for what is thrown
 * @returns {ShapeField}
 */
function patchedField(known, { type, required, description, ...facts }, name) {
  const before = known ?? { expression: '', required: false, description: '' }
  const expression = typeof type === 'string' ? type : before.expression
  if (expression === '') throw new Error(`${name} has no type`)
  return {
    expression,
    required: typeof required === 'boolean' ? required : before.required,
    description: typeof description === 'string' ? description : before.description,
    facts,
  }
}

/**
 * @param {unknown} entry
 * @returns {string[]}
 */
function listOf(entry) {
  if (!Array.isArray(entry)) throw new Error(`Not a list of names: ${JSON.stringify(entry)}`)
  return entry.map(String)
}

/**
 * @param {unknown} entry
 * @returns {Facts}
 */
function factsOf(entry) {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    throw new Error(`Not facts: ${JSON.stringify(entry)}`)
  }
  return { ...entry }
}

/**
 * The schema of an expression with the facts of its field. References become what `refer` says; `basic` may say of basic
 * types what others do not.
 * @param {string} expression
 * @param {{ facts: Facts, refer: (type: string) => Schema, basic?: (type: string) => Schema | undefined }} options
 * @returns {Schema}
 */
export function schemaOfExpression(expression, { facts, refer, basic = () => undefined }) {
  const { of = {}, ...own } = facts
  const within = { facts: factsOf(of), refer, basic }
  const keywords = keywordsOf(own)
  if (expression.startsWith('[]')) {
    return { type: 'array', items: schemaOfExpression(expression.slice(2), within), ...keywords }
  }
  if (expression.startsWith('{}')) {
    return { type: 'object', additionalProperties: schemaOfExpression(expression.slice(2), within), ...keywords }
  }
  return { ...(basic(expression) ?? basicTypes[expression] ?? refer(expression)), ...keywords }
}

/**
 * @param {Facts} facts
 * @returns {Schema}
 */
function keywordsOf({ list, patchKey, ...keywords }) {
  return {
    ...keywords,
    ...(Array.isArray(list) ? { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': list } : {}),
    ...(typeof list === 'string' ? { 'x-kubernetes-list-type': list } : {}),
    ...patchKeywords(patchKey),
  }
}

/**
 * `patchKey` is how a strategic merge treats the field: `` merges plain values, `retainKeys` drops what a patch does not
 * name, `replace` takes the patch's value as it is, anything else is the key of the elements; a trailing `,retainKeys` does both.
 * @param {unknown} patchKey
 * @returns {Schema}
 */
function patchKeywords(patchKey) {
  if (typeof patchKey !== 'string') return {}
  if (patchKey === 'retainKeys' || patchKey === 'replace') return { 'x-kubernetes-patch-strategy': patchKey }
  const [key, retain] = patchKey.split(',')
  return {
    ...(key ? { 'x-kubernetes-patch-merge-key': key } : {}),
    'x-kubernetes-patch-strategy': retain ? 'merge,retainKeys' : 'merge',
  }
}
