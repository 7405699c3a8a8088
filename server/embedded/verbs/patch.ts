import type { IncomingMessage } from 'node:http'
import { isJsonObject, type JsonObject } from '@/contract/json'
import { applyMergePatch } from '@/contract/merge-patch'
import { applyStrategicMerge, type MergeKeys, StrategicMergeError } from '@/contract/strategic-merge'
import type { ResourceCall } from '../api-context'
import { mergeKeysOf } from '../discovery/merge-keys'
import { badRequest, internalError, unsupportedMediaType } from '../errors/status-error'
import { mediaType, parseBody, readBody } from '../http/read-body'
import { decodeObject } from '../write/decode-object'
import { repeatedIn } from '../write/unknown-fields'
import { decideUpdate } from '../write/update-object'
import { keyOf, writeContext } from '../write/write-context'
import { applyObject } from './apply'
import { applyJsonPatch } from './json-patch'
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
    await applyObject(call, subresource, { patch, repeated: repeatedIn(call.request, raw) })
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
          decodeObject(
            patchAs({ type, mergeKeys: mergeKeysOf(target) }, old, patch),
            { target, namespace: info.namespace, name: info.name },
            {
              context,
              patch: () => raw.toString('utf8'),
              ...(type === jsonPatch ? {} : { repeated: () => repeatedIn(call.request, raw) }),
            },
          ),
        mustNameVersion: false,
      },
      revision,
    ),
  )
  addWarnings(call, context.warnings)
  await sendObject(call, 200, written.body)
}

/** The form of a PATCH. Throws 415 for one that the kind has not. */
export function patchType(request: IncomingMessage, builtIn: boolean): string {
  const type = mediaType(request)
  const known = [jsonPatch, mergePatch, applyPatchType, ...(builtIn ? [strategicPatch] : [])]
  if (!known.includes(type)) throw unsupportedMediaType(known)
  return type
}

/** What a patch of a form other than apply makes of an object, which may be changed. Throws 400 and 422. */
export function patchAs(
  { type, mergeKeys }: { type: string; mergeKeys?: MergeKeys },
  old: JsonObject,
  patch: unknown,
): unknown {
  if (type === jsonPatch) return applyJsonPatch(old, patch)
  if (!isJsonObject(patch)) throw badRequest('the patch is not an object')
  if (type === mergePatch) return applyMergePatch(old, patch)
  try {
    return applyStrategicMerge(old, patch, mergeKeys)
  } catch (error) {
    // Kubernetes answers an unknown directive with 500, too.
    if (error instanceof StrategicMergeError) throw internalError(error.message)
    throw error
  }
}
