import type { IncomingMessage } from 'node:http'
import type { JsonObject } from '@/contract/json'
import type { ApiObject } from '../api-object'
import { badRequest, invalid, StatusError } from '../errors/status-error'
import { mediaType, repeatedKeysOf } from '../http/read-body'
import { alreadySet, repeatedYamlKeys } from '../http/repeated-yaml-keys'
import { apiVersion, type Target } from '../registry/served-resource'
import type { WriteContext } from './write-context'

/** Fields that `metadata` has; of custom kinds others are dropped, as their schema says nothing about metadata. */
const metadataFields = new Set([
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
])

/** Names are said once each, and no more than anyone reads. */
const namesLimit = 100

/** Removes what the schema of the request's version does not know, and names it in `unknown`. */
export function removeUnknown({ version }: Target, object: ApiObject, unknown?: string[]): void {
  if (version.builtIn) return version.builtIn.prune(object, unknown)
  if (!version.compiled) return
  version.compiled.prune(object, unknown)
  const metadata: JsonObject = { ...object.metadata }
  const strange = Object.keys(metadata).filter((name) => !metadataFields.has(name))
  if (strange.length > 0) {
    // What is left is typed: only names that it does not have are taken away.
    object.metadata = Object.fromEntries(
      Object.entries(metadata).filter(([name]) => metadataFields.has(name)),
    ) as unknown as ApiObject['metadata']
  }
  unknown?.push(...strange.map((name) => `metadata.${name}`))
}

/** A field that a body gave more than once. */
export interface Repetition {
  /** What Kubernetes says of it. */
  words: string
  /** Told by the decoder of YAML, which has a way of its own to put several together. */
  inYaml?: true
}

/** Where an object came from that may have unknown or repeated fields. */
export interface FieldSource {
  context: WriteContext
  /** Looks for fields that the body had more than once; asked only where somebody wants to know. */
  repeated?: () => readonly Repetition[]
  /** The patch as it was sent, where the object is the result of one. */
  patch?: () => string
}

/**
 * Removes unknown fields and says so as the request asked (`fieldValidation`): an error, Warning headers or nothing.
 * Throws 400, for patches 422, in Kubernetes' words.
 */
export function reportUnknown(object: ApiObject, { context, repeated: findRepeated, patch }: FieldSource): void {
  const { target, options, warnings } = context
  const { fieldValidation = 'Ignore' } = options
  if (fieldValidation === 'Ignore') return removeUnknown(target, object)
  const unknown: string[] = []
  removeUnknown(target, object, unknown)
  const repeated = findRepeated?.() ?? []
  if (unknown.length === 0 && repeated.length === 0) return
  const others = [
    ...repeated.filter(({ inYaml }) => !inYaml).map(({ words }) => words),
    ...unknown.map((path) => `unknown field ${JSON.stringify(path)}`),
  ].slice(0, namesLimit)
  if (fieldValidation === 'Warn') {
    const lines = repeated.filter(({ inYaml }) => inYaml).map(({ words }) => words)
    warnings.push(...lines.slice(0, namesLimit), ...others)
    return
  }
  const text = `strict decoding error: ${[...together(repeated), ...others].join(', ')}`
  if (patch === undefined) {
    const { kind } = target.resource
    throw badRequest(
      `${kind} in version ${JSON.stringify(target.version.name)} cannot be handled as a ${kind}: ${text}`,
    )
  }
  throw invalid({ group: '', name: '' }, '', [
    { reason: 'FieldValueInvalid', field: 'patch', detail: `Invalid value: ${JSON.stringify(patch())}: ${text}` },
  ])
}

/** Refuses an applied configuration with fields that have no owner to be, since no schema knows them. Throws 500, as Kubernetes. */
export function refuseUndeclared({ resource, version }: Target, applied: ApiObject): void {
  if (!version.compiled) return
  const unknown: string[] = []
  version.compiled.prune(applied, unknown)
  const [first] = unknown
  if (first === undefined) return
  const { name, namespace } = applied.metadata
  const subject = `${namespace ? `${namespace}/` : ''}${name}; ${apiVersion(resource.group, version.name)}, Kind=${resource.kind}`
  const fields = unknown.slice(0, namesLimit).map((path) => `.${path}: field not declared in schema`)
  throw new StatusError({
    message: `failed to create typed patch object (${subject}): ${unknown.length === 1 ? fields[0] : `errors:\n  ${fields.join('\n  ')}`}`,
    code: 500,
  })
}

/** What the decoder of YAML has to say of repeated keys: one error of several lines, or none. */
function together(repeated: readonly Repetition[]): string[] {
  const lines = repeated.filter(({ inYaml }) => inYaml).map(({ words }) => `\n  ${words}`)
  return lines.length === 0 ? [] : [`yaml: unmarshal errors:${lines.slice(0, namesLimit).join('')}`]
}

/**
 * Says of an applied configuration's repeated keys what the request asked for (`fieldValidation`): nothing, Warning
 * headers, or a 400.
 */
export function reportRepeated(repeated: readonly Repetition[], { options, warnings }: WriteContext): void {
  const { fieldValidation = 'Ignore' } = options
  if (fieldValidation === 'Ignore' || repeated.length === 0) return
  if (fieldValidation === 'Warn') {
    warnings.push(...repeated.slice(0, namesLimit).map(({ words }) => words))
    return
  }
  throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${together(repeated).join('')}`)
}

/** The fields that a body gives more than once, which parsing forgets. The body was parsed before. */
export function repeatedIn(request: IncomingMessage, body: Buffer): Repetition[] {
  const type = mediaType(request)
  if (type.includes('yaml')) return repeatedInYaml(body)
  // Protobuf has none.
  if (!/json|^$/.test(type)) return []
  return repeatedFields(body.toString('utf8')).map((path) => ({ words: `duplicate field ${JSON.stringify(path)}` }))
}

function repeatedInYaml(body: Buffer): Repetition[] {
  const text = body.toString('utf8')
  // JSON is YAML, too, but is parsed by what does not notice.
  const paths = /^\s*[{[]/.test(text) ? repeatedFields(text) : []
  return (paths.length > 0 ? keysAt(text, paths) : repeatedKeysOf(body)).map((words) => ({ words, inYaml: true }))
}

function keysAt(text: string, paths: readonly string[]): string[] {
  const keys = repeatedYamlKeys(text)
  return keys.length > 0 ? keys : paths.map((path) => alreadySet(1, path.split('.').at(-1)))
}

/** Paths of the fields that a text in JSON has more than once. */
function repeatedFields(text: string): string[] {
  return new RepeatedFields(text).find()
}

interface Frame {
  names: Set<string> | undefined
  path: string
  index: number
}

const quote = 0x22
const backslash = 0x5c

/** Goes over the structure of a text once, without building anything from it. */
class RepeatedFields {
  readonly #text: string
  readonly #found = new Set<string>()
  readonly #frames: Frame[] = []
  #name = ''

  constructor(text: string) {
    this.#text = text
  }

  find(): string[] {
    const text = this.#text
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === quote) at = this.#string(at)
      else if (code === 0x7b) this.#frames.push({ names: new Set(), path: this.#path(), index: 0 })
      else if (code === 0x5b) this.#frames.push({ names: undefined, path: this.#path(), index: 0 })
      else if (code === 0x7d || code === 0x5d) this.#frames.pop()
      else if (code === 0x2c) {
        const frame = this.#frames.at(-1)
        if (frame) frame.index++
      }
    }
    return [...this.#found]
  }

  /** The path of the value that begins here. */
  #path(): string {
    const frame = this.#frames.at(-1)
    if (!frame) return ''
    if (!frame.names) return `${frame.path}[${frame.index}]`
    return frame.path === '' ? this.#name : `${frame.path}.${this.#name}`
  }

  /** Skips a string, and notes it where it is a field's name; the position of its end. */
  #string(start: number): number {
    const text = this.#text
    let end = start + 1
    while (end < text.length && text.charCodeAt(end) !== quote) end += text.charCodeAt(end) === backslash ? 2 : 1
    const frame = this.#frames.at(-1)
    if (frame?.names) {
      let after = end + 1
      while (text.charCodeAt(after) <= 0x20) after++
      if (text.charCodeAt(after) === 0x3a) this.#field(frame.names, text.slice(start + 1, end))
    }
    return end
  }

  #field(names: Set<string>, name: string): void {
    this.#name = name
    if (names.has(name)) this.#found.add(this.#path())
    else names.add(name)
  }
}
