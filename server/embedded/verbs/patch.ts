import type { IncomingMessage } from 'node:http'
import { applyPatch, type Operation } from 'rfc6902'
import { isJsonObject } from '@/contract/json'
import { applyMergePatch } from '@/contract/merge-patch'
import { applyStrategicMerge, StrategicMergeError } from '@/contract/strategic-merge'
import type { ResourceCall } from '../api-context'
import type { ApiObject } from '../api-object'
import { badRequest, internalError, StatusError, unsupportedMediaType } from '../errors/status-error'
import { mediaType, parseBody, readBody } from '../http/read-body'
import { decodeObject } from '../write/decode-object'
import { decideUpdate } from '../write/update-object'
import { keyOf, writeContext } from '../write/write-context'
import { applyObject } from './apply'
import { addWarnings, sendObject } from './send-object'
import type { WritableSubresource } from './subresource'

const jsonPatch = 'application/json-patch+json'
const mergePatch = 'application/merge-patch+json'
const strategicPatch = 'application/strategic-merge-patch+json'
const applyPatchType = 'application/apply-patch+yaml'

/** PATCH of an object or of one of its stored subresources, in any of the four forms. */
export async function patchObject(call: ResourceCall, subresource: WritableSubresource): Promise<void> {
  const type = patchType(call.request, call.target.resource.origin === 'built-in')
  const raw = await readBody(call.request)
  const patch = parseBody(raw, type === applyPatchType ? 'application/yaml' : 'application/json')
  if (type === applyPatchType) {
    await applyObject(call, subresource, patch)
    return
  }
  const context = writeContext(call)
  const { target, info } = call
  const written = await call.api.store.write((revision) =>
    decideUpdate(
      context,
      {
        key: keyOf(call),
        subresource,
        produce: (old) =>
          decodeObject(patched(old, patch, type), { target, namespace: info.namespace, name: info.name }),
        mustNameVersion: false,
      },
      revision,
    ),
  )
  addWarnings(call, context.warnings)
  await sendObject(call, 200, written.body)
}

function patchType(request: IncomingMessage, builtIn: boolean): string {
  const type = mediaType(request)
  const known = [jsonPatch, mergePatch, applyPatchType, ...(builtIn ? [strategicPatch] : [])]
  if (!known.includes(type)) throw unsupportedMediaType(known)
  return type
}

function patched(old: ApiObject, patch: unknown, type: string): unknown {
  if (type === jsonPatch) return applyJsonPatch(old, patch)
  if (!isJsonObject(patch)) throw badRequest('the patch is not an object')
  if (type === mergePatch) return applyMergePatch(old, patch)
  try {
    return applyStrategicMerge(old, patch)
  } catch (error) {
    // Kubernetes answers an unknown directive with 500, too.
    if (error instanceof StrategicMergeError) throw internalError(error.message)
    throw error
  }
}

const operations = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test'])

/** All operations or none. `object` is changed and returned. */
function applyJsonPatch(object: ApiObject, patch: unknown): unknown {
  if (!Array.isArray(patch))
    throw badRequest('error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch')
  for (const operation of patch) {
    if (!isJsonObject(operation) || !operations.has(String(operation['op'])) || typeof operation['path'] !== 'string') {
      throw badRequest(`error decoding patch: ${JSON.stringify(operation)} is no operation`)
    }
    if (/(^|\/)__proto__(\/|$)/.test(operation['path'])) throw badRequest('error decoding patch: path is not allowed')
  }
  // Checked above: each one has a known `op` and a path; values may be anything.
  const failures = applyPatch(object, patch as Operation[]).filter((failure) => failure !== null)
  if (failures.length === 0) return object
  throw new StatusError({
    message: `the server rejected our request due to an error in our request`,
    reason: 'Invalid',
    details: { causes: failures.map((failure) => ({ message: failure.message })) },
    code: 422,
  })
}
