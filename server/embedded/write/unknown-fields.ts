import type { IncomingMessage } from 'node:http'
import type { JsonObject } from '@/contract/json'
import type { ApiObject } from '../api-object'
import { badRequest, invalid, StatusError } from '../errors/status-error'
import { mediaType } from '../http/read-body'
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

/** Removes what the schema of the request's version does not know, and names it. */
export function removeUnknown({ version }: Target, object: ApiObject): string[] {
  if (version.builtIn) return version.builtIn.prune(object)
  if (!version.compiled) return []
  const unknown: string[] = []
  version.compiled.prune(object, unknown)
  const metadata: JsonObject = { ...object.metadata }
  const strange = Object.keys(metadata).filter((name) => !metadataFields.has(name))
  if (strange.length > 0) {
    // What is left is typed: only names that it does not have are taken away.
    object.metadata = Object.fromEntries(
      Object.entries(metadata).filter(([name]) => metadataFields.has(name)),
    ) as unknown as ApiObject['metadata']
  }
  return [...unknown, ...strange.map((name) => `metadata.${name}`)]
}

/** Where an object came from that may have unknown or repeated fields. */
export interface FieldSource {
  context: WriteContext
  /** Paths of fields that the body had more than once. */
  repeated?: readonly string[]
  /** The patch as it was sent, where the object is the result of one. */
  patch?: string
}

/**
 * Removes unknown fields and says so as the request asked (`fieldValidation`): an error, Warning headers or nothing.
 * Throws 400, for patches 422, in Kubernetes' words.
 */
export function reportUnknown(object: ApiObject, { context, repeated = [], patch }: FieldSource): void {
  const { target, options, warnings } = context
  const unknown = removeUnknown(target, object)
  const { fieldValidation = 'Ignore' } = options
  if (fieldValidation === 'Ignore' || (unknown.length === 0 && repeated.length === 0)) return
  const words = [
    ...repeated.map((path) => `duplicate field ${JSON.stringify(path)}`),
    ...unknown.map((path) => `unknown field ${JSON.stringify(path)}`),
  ].slice(0, namesLimit)
  if (fieldValidation === 'Warn') {
    warnings.push(...words)
    return
  }
  const text = `strict decoding error: ${words.join(', ')}`
  if (patch === undefined) {
    const { kind } = target.resource
    throw badRequest(
      `${kind} in version ${JSON.stringify(target.version.name)} cannot be handled as a ${kind}: ${text}`,
    )
  }
  throw invalid({ group: '', name: '' }, '', [
    { reason: 'FieldValueInvalid', field: 'patch', detail: `Invalid value: ${JSON.stringify(patch)}: ${text}` },
  ])
}

/** Refuses an applied configuration with fields that have no owner to be, since no schema knows them. Throws 500, as Kubernetes. */
export function refuseUndeclared({ resource, version }: Target, applied: ApiObject): void {
  if (!version.compiled) return
  const unknown: string[] = []
  version.compiled.prune(structuredClone(applied), unknown)
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

/** Paths of the fields that a body in JSON gives more than once, which parsing forgets. The body is known to be JSON. */
export function repeatedIn(request: IncomingMessage, body: Buffer): string[] {
  // YAML with repeated fields does not parse, and protobuf has none.
  return /json|^$/.test(mediaType(request)) ? repeatedFields(body.toString('utf8')) : []
}

export function repeatedFields(text: string): string[] {
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
