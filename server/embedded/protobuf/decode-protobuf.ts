import type { JsonObject } from '@/contract/json'
import { toKubeTime } from '../clock'
import { badRequest, unsupportedMediaType } from '../errors/status-error'
import { identityMessages } from './identity-messages'
import { messages as coreMessages, type FieldType } from './messages'
import { readFields, WireError, type WireValue } from './wire'
import { workloadMessages } from './workload-messages'

const messages = { ...coreMessages, ...identityMessages, ...workloadMessages }

export const protobufType = 'application/vnd.kubernetes.protobuf'

const magic = Buffer.from('k8s\0')

/**
 * Reads an object in Kubernetes' protobuf envelope, as typed clients send core kinds. Empty scalars are left out, as
 * `omitempty` does. Throws 415 for kinds whose message is not known here, and 400 for what is malformed.
 */
export function decodeProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, magic.length).equals(magic))
    throw badRequest('provided data does not appear to be a protobuf message')
  try {
    // runtime.Unknown: typeMeta (1: apiVersion 1, kind 2), raw (2).
    const envelope = readFields(body.subarray(magic.length))
    const typeMeta = readFields(bytesOf(envelope.find(({ number }) => number === 1)?.value))
    const text = (field: number) => bytesOf(typeMeta.find(({ number }) => number === field)?.value).toString('utf8')
    const kind = text(2)
    if (!messages[kind]) throw unsupportedMediaType(['application/json', 'application/yaml'])
    const raw = bytesOf(envelope.find(({ number }) => number === 2)?.value)
    return { apiVersion: text(1), kind, ...readMessage(kind, raw) }
  } catch (error) {
    if (error instanceof WireError) throw badRequest(error.message)
    throw error
  }
}

function bytesOf(value: WireValue | undefined): Buffer {
  return value?.type === 'bytes' ? value.value : Buffer.alloc(0)
}

function readMessage(name: string, bytes: Buffer): JsonObject {
  const message = messages[name] ?? {}
  const object: JsonObject = {}
  for (const { number, value } of readFields(bytes)) {
    const [field, type] = message[number] ?? []
    if (field === undefined || type === undefined) continue
    if (type.startsWith('...')) Object.assign(object, readMessage(type.slice(3), bytesOf(value)))
    else if (type.startsWith('[')) {
      const list = object[field]
      const entry = readValue(type.slice(1, -1), value)
      object[field] = Array.isArray(list) ? [...list, entry] : [entry]
    } else if (type.startsWith('{')) {
      const [key, entry] = readMapEntry(type.slice(1, -1), value)
      object[field] = { ...(object[field] as JsonObject | undefined), [key]: entry } // set here only, as a map
    } else {
      const read = readValue(type, value)
      if (read !== '' && read !== undefined) object[field] = read
    }
  }
  return object
}

function readMapEntry(type: FieldType, value: WireValue): [string, unknown] {
  const fields = readFields(bytesOf(value))
  const key = bytesOf(fields.find(({ number }) => number === 1)?.value).toString('utf8')
  const entry = fields.find(({ number }) => number === 2)?.value ?? { type: 'bytes', value: Buffer.alloc(0) }
  if (key === '__proto__') throw badRequest('the field name "__proto__" is not allowed')
  return [key, readValue(type, entry)]
}

function readValue(type: FieldType, value: WireValue): unknown {
  switch (type) {
    case 'string':
      return bytesOf(value).toString('utf8')
    case 'bytes':
      return bytesOf(value).toString('base64')
    case 'int':
      return value.type === 'varint' ? Number(value.value) : undefined
    case 'bool':
      return value.type === 'varint' ? value.value !== 0n : undefined
    case 'quantity':
      return bytesOf(readFields(bytesOf(value)).find(({ number }) => number === 1)?.value).toString('utf8')
    case 'intOrString':
      return readIntOrString(bytesOf(value))
    case 'time':
      return readTime(bytesOf(value), (time) => toKubeTime(time))
    case 'microtime':
      return readTime(
        bytesOf(value),
        (time, nanos) => `${toKubeTime(time).slice(0, -1)}.${String(Math.trunc(nanos / 1000)).padStart(6, '0')}Z`,
      )
    default:
      return readMessage(type, bytesOf(value))
  }
}

/** Which of both it is (1: 0 for a number), the number (2), the text (3). */
function readIntOrString(bytes: Buffer): unknown {
  const fields = readFields(bytes)
  const at = (field: number): WireValue | undefined => fields.find(({ number }) => number === field)?.value
  const kind = at(1)
  if (kind?.type === 'varint' && kind.value !== 0n) return bytesOf(at(3)).toString('utf8')
  const value = at(2)
  return value?.type === 'varint' ? Number(value.value) : 0
}

/** Seconds (1) and nanoseconds (2) since the epoch; an empty message is no time. */
function readTime(bytes: Buffer, print: (time: Date, nanos: number) => string): string | undefined {
  const fields = readFields(bytes)
  const number = (field: number): number => {
    const value = fields.find((entry) => entry.number === field)?.value
    return value?.type === 'varint' ? Number(value.value) : 0
  }
  const seconds = number(1)
  // Go's zero time, and anything beyond what a Date can hold.
  if (fields.length === 0 || seconds < 0 || seconds > 8.64e12) return undefined
  return print(new Date(seconds * 1000), number(2))
}
