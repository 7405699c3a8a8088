import { applyPatch, type Operation, Pointer } from 'rfc6902'
import { isJsonObject, type JsonObject } from '@/contract/json'
import { badRequest, StatusError } from '../errors/status-error'
import { bodyLimit } from '../http/read-body'

const operations = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test'])

/** As kube-apiserver. */
const operationLimit = 10_000

/** All operations or none. `object` is changed and returned. Throws 400, 413 or 422. */
export function applyJsonPatch(object: JsonObject, patch: unknown): unknown {
  let copied = 0
  for (const operation of readOperations(patch)) {
    if (operation.op === 'copy') {
      copied += sizeAt(object, operation.from, bodyLimit - copied)
      if (copied > bodyLimit) {
        throw unprocessable(
          `Unable to copy, the accumulated size increase of copy is ${copied}, exceeding the limit ${bodyLimit}`,
        )
      }
    }
    const [failure] = applyPatch(object, [operation])
    if (failure) throw unprocessable(failure.message)
  }
  return object
}

function readOperations(patch: unknown): Operation[] {
  if (!Array.isArray(patch))
    throw badRequest('error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch')
  if (patch.length > operationLimit) {
    throw new StatusError({
      message: `Request entity too large: The allowed maximum operations in a JSON patch is ${operationLimit}, got ${patch.length}`,
      reason: 'RequestEntityTooLarge',
      code: 413,
    })
  }
  return patch.map((operation: unknown) => {
    if (!isJsonObject(operation) || !operations.has(String(operation['op'])) || typeof operation['path'] !== 'string') {
      throw badRequest(`error decoding patch: ${JSON.stringify(operation).slice(0, 200)} is no operation`)
    }
    for (const path of [operation['path'], operation['from']]) checkPointer(path)
    if ((operation['op'] === 'copy' || operation['op'] === 'move') && typeof operation['from'] !== 'string') {
      throw unprocessable(`${operation['op']} operation does not apply: missing from`)
    }
    // Checked above: a known `op` and its paths; values may be anything.
    return operation as unknown as Operation
  })
}

function checkPointer(path: unknown): void {
  if (typeof path !== 'string') return
  if (/(^|\/)__proto__(\/|$)/.test(path)) throw badRequest('error decoding patch: path is not allowed')
  if (path !== '' && !path.startsWith('/')) throw unprocessable(`doc is missing path: ${JSON.stringify(path)}`)
}

/** How long the JSON of what a pointer names is, roughly; counting ends beyond the limit. */
function sizeAt(object: JsonObject, from: string, limit: number): number {
  let size = 0
  const count = (value: unknown): void => {
    if (size > limit) return
    size += typeof value === 'string' ? value.length + 2 : 4
    if (typeof value !== 'object' || value === null) return
    for (const [key, entry] of Object.entries(value)) {
      size += Array.isArray(value) ? 1 : key.length + 3
      count(entry)
    }
  }
  count(Pointer.fromJSON(from).get(object))
  return size
}

function unprocessable(why: string): StatusError {
  return new StatusError({
    message: 'the server rejected our request due to an error in our request',
    reason: 'Invalid',
    details: { causes: [{ message: why }] },
    code: 422,
  })
}
