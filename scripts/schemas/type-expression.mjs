// @ts-check

/**
 * The short way in which `contract/schemas/` writes what a field holds: a basic type (`string`, `int32`, `quantity`, …),
 * `[]X` for a list, `{}X` for a map, or the name of a declared type.
 */

/** @typedef {import('./read-declarations.mjs').FieldType} FieldType */
/** @typedef {Record<string, unknown>} Schema */

const quantityPattern =
  '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$'
const intOrString = { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true }

/** @type {Readonly<Record<string, Schema>>} */
export const basicTypes = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  integer: { type: 'integer' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  number: { type: 'number' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
  time: { type: 'string', format: 'date-time' },
  microtime: { type: 'string', format: 'date-time' },
  quantity: { ...intOrString, pattern: quantityPattern },
  'int-or-string': intOrString,
  /** An object of which nothing is known, and nothing kept. */
  object: { type: 'object' },
  /** An object that is kept as it is. */
  freeform: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  /** Any value. */
  any: { 'x-kubernetes-preserve-unknown-fields': true },
}

/**
 * @param {FieldType} type
 * @param {string} description of the field; the published types tell quantities apart by nothing else
 * @returns {string}
 */
export function expressionOf(type, description = '') {
  switch (type.is) {
    case 'list':
      return `[]${expressionOf(type.of, description)}`
    case 'map':
      return `{}${expressionOf(type.of, description)}`
    case 'ref':
      return type.name === 'IntOrString' ? 'int-or-string' : type.name
    case 'enum':
      return 'string'
    case 'date':
      return 'time'
    case 'number':
      return 'int32'
    case 'string':
      return description.startsWith('Quantity is a fixed-point') ? 'quantity' : 'string'
    default:
      return type.is
  }
}
