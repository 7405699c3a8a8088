// @ts-check
import fs from 'node:fs'
import ts from 'typescript'

/**
 * What a field holds, as far as a TypeScript type says it.
 * @typedef {{ is: 'string' | 'number' | 'boolean' | 'date' | 'any' | 'object' } | { is: 'enum', values: string[] }
 *   | { is: 'list', of: FieldType } | { is: 'map', of: FieldType } | { is: 'ref', name: string }} FieldType
 */

/**
 * `expression` overrides what `type` says, where something else than the declaration knows more.
 * @typedef {{ type: FieldType, optional: boolean, description: string, expression?: string }} Field
 */

/** @typedef {{ description: string, fields: Map<string, Field> }} Declaration */

/**
 * Reads the interfaces and classes that a declaration file declares. Only parsed, never type-checked: the files are
 * generated, hold nothing but plain shapes, and checking them would take seconds.
 * @param {string} file
 * @returns {Map<string, Declaration>}
 */
export function readDeclarations(file) {
  const source = ts.createSourceFile(file, fs.readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, false)
  /** @type {Map<string, Declaration>} */
  const found = new Map()
  for (const statement of source.statements) {
    if (!ts.isInterfaceDeclaration(statement) && !ts.isClassDeclaration(statement)) continue
    if (statement.name === undefined) continue
    found.set(statement.name.text, {
      description: describe(statement),
      fields: readFields(source, [...statement.members]),
    })
  }
  return found
}

/**
 * @param {ts.SourceFile} source
 * @param {readonly (ts.TypeElement | ts.ClassElement)[]} members
 * @returns {Map<string, Field>}
 */
function readFields(source, members) {
  /** @type {Map<string, Field>} */
  const fields = new Map()
  for (const member of members) {
    if (!ts.isPropertySignature(member) && !ts.isPropertyDeclaration(member)) continue
    if (member.type === undefined || member.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword))
      continue
    const name = ts.isIdentifier(member.name) || ts.isStringLiteral(member.name) ? member.name.text : undefined
    if (name === undefined) continue
    // Words of JavaScript are escaped with an underscore, which is not on the wire.
    fields.set(name.replace(/^_/, ''), {
      type: readType(source, member.type),
      optional: member.questionToken !== undefined,
      description: describe(member),
    })
  }
  return fields
}

/** @type {Readonly<Record<string, FieldType>>} */
const named = { Date: { is: 'date' }, IntOrString: { is: 'ref', name: 'IntOrString' } }

/**
 * @param {ts.SourceFile} source
 * @param {ts.TypeNode} node
 * @returns {FieldType}
 */
function readType(source, node) {
  if (node.kind === ts.SyntaxKind.StringKeyword) return { is: 'string' }
  if (node.kind === ts.SyntaxKind.NumberKeyword) return { is: 'number' }
  if (node.kind === ts.SyntaxKind.BooleanKeyword) return { is: 'boolean' }
  if (node.kind === ts.SyntaxKind.AnyKeyword) return { is: 'any' }
  if (node.kind === ts.SyntaxKind.ObjectKeyword) return { is: 'object' }
  if (ts.isArrayTypeNode(node)) return { is: 'list', of: readType(source, node.elementType) }
  if (ts.isTypeLiteralNode(node)) return readMap(source, node)
  if (ts.isUnionTypeNode(node)) return readUnion(source, node)
  if (ts.isTypeReferenceNode(node)) {
    const name = node.typeName.getText(source)
    const [argument] = node.typeArguments ?? []
    if ((name === 'Array' || name === 'Set') && argument) return { is: 'list', of: readType(source, argument) }
    return named[name] ?? { is: 'ref', name }
  }
  return { is: 'any' }
}

/**
 * @param {ts.SourceFile} source
 * @param {ts.TypeLiteralNode} node
 * @returns {FieldType}
 */
function readMap(source, node) {
  const [index] = node.members.filter(ts.isIndexSignatureDeclaration)
  return index ? { is: 'map', of: readType(source, index.type) } : { is: 'object' }
}

/**
 * Null and undefined are left out: a field that may be null says so in its schema's own way.
 * @param {ts.SourceFile} source
 * @param {ts.UnionTypeNode} node
 * @returns {FieldType}
 */
function readUnion(source, node) {
  const members = node.types.filter(
    (type) =>
      type.kind !== ts.SyntaxKind.UndefinedKeyword &&
      !(ts.isLiteralTypeNode(type) && type.literal.kind === ts.SyntaxKind.NullKeyword),
  )
  const [only] = members
  if (members.length === 1 && only) return readType(source, only)
  const values = members.flatMap((type) =>
    ts.isLiteralTypeNode(type) && ts.isStringLiteral(type.literal) ? [type.literal.text] : [],
  )
  return values.length === members.length ? { is: 'enum', values } : { is: 'any' }
}

/**
 * The comment above a declaration, without its tags and without the generator's escapes.
 * @param {ts.Node} node
 * @returns {string}
 */
function describe(node) {
  const comments = /** @type {{ jsDoc?: ts.JSDoc[] }} */ (/** @type {unknown} */ (node)).jsDoc ?? []
  const text = ts.getTextOfJSDocComment(comments.at(-1)?.comment) ?? ''
  return text.replaceAll(/\\(['"`])/g, '$1').trim()
}
