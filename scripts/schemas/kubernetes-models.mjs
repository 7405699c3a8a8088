// @ts-check
import fs from 'node:fs'
import path from 'node:path'
import { readDeclarations } from './read-declarations.mjs'
import { basicTypes, expressionOf } from './type-expression.mjs'

/** @typedef {import('./read-declarations.mjs').Declaration} Declaration */

/**
 * The built-in kinds as the Kubernetes client describes them: each type is a module of its own, whose declarations give
 * shapes and descriptions, and whose table of attributes gives names on the wire and formats.
 * @param {string} directory of the models
 * @returns {(name: string) => Declaration | undefined}
 */
export function kubernetesModels(directory) {
  /** @type {Map<string, Declaration | undefined>} */
  const known = new Map()
  return (name) => {
    if (!known.has(name)) known.set(name, readModel(directory, name))
    return known.get(name)
  }
}

/**
 * @param {string} directory
 * @param {string} name
 * @returns {Declaration | undefined}
 */
function readModel(directory, name) {
  const file = path.join(directory, `${name}.d.ts`)
  if (!/^\w+$/.test(name) || !fs.existsSync(file)) return undefined
  const declaration = readDeclarations(file).get(name)
  if (declaration === undefined) return undefined
  const attributes = readAttributes(path.join(directory, `${name}.js`))
  /** @type {Declaration['fields']} */
  const fields = new Map()
  for (const { name: property, baseName, format } of attributes) {
    const field = declaration.fields.get(property.replace(/^_/, ''))
    if (field === undefined) continue
    fields.set(baseName, { ...field, expression: withFormat(expressionOf(field.type), format) })
  }
  return { description: declaration.description, fields }
}

/**
 * @param {string} file
 * @returns {{ name: string, baseName: string, format: string }[]}
 */
function readAttributes(file) {
  const table = /\.attributeTypeMap = (\[[\s\S]*?\n?\]);/.exec(fs.readFileSync(file, 'utf8'))?.[1]
  return table === undefined ? [] : JSON.parse(table)
}

/** @type {Readonly<Record<string, string>>} */
const formats = {
  int32: 'int32',
  int64: 'int64',
  double: 'double',
  byte: 'bytes',
  'date-time': 'time',
  'date-time-micro': 'microtime',
  'int-or-string': 'int-or-string',
}

/**
 * @param {string} expression
 * @param {string} format of the innermost value
 */
function withFormat(expression, format) {
  const basic = formats[format]
  if (basic === undefined) return expression
  const inner = expression.replace(/^(\[\]|\{\})*/, '')
  if (inner !== 'V1MicroTime' && !(inner in basicTypes)) return expression
  return expression.slice(0, expression.length - inner.length) + basic
}

/**
 * The package of a model within Kubernetes' own names (`V1Pod` of core: `io.k8s.api.core.v1.Pod`).
 * @param {string} model
 * @param {string} root e.g. `io.k8s.api.core`
 */
export function definitionName(model, root) {
  const found = /^(?:[A-Z][a-z]+)?(V\d+(?:(?:alpha|beta)\d+)?)([A-Z]\w*)$/.exec(model)
  return found ? `${root}.${(found[1] ?? '').toLowerCase()}.${found[2]}` : `${root}.v1.${model}`
}
