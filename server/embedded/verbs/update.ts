import type { ResourceCall } from '../api-context'
import { mediaType, parseBody, readBody } from '../http/read-body'
import { decideCreate } from '../write/create-object'
import { decodeObject } from '../write/decode-object'
import { repeatedIn } from '../write/unknown-fields'
import { decideUpdate } from '../write/update-object'
import { keyOf, writeContext } from '../write/write-context'
import { addWarnings, sendObject } from './send-object'
import type { WritableSubresource } from './subresource'

/** PUT of an object or of one of its stored subresources. */
export async function updateObject(call: ResourceCall, subresource: WritableSubresource): Promise<void> {
  const raw = await readBody(call.request)
  const body = parseBody(raw, mediaType(call.request))
  const context = writeContext(call)
  const place = { target: call.target, namespace: call.info.namespace, name: call.info.name }
  const object = decodeObject(body, place, { context, repeated: () => repeatedIn(call.request, raw) })
  const createMissing = call.target.resource.strategy.createOnUpdate && subresource === ''
  const written = await call.api.store.write((revision) =>
    decideUpdate(
      context,
      {
        key: keyOf(call),
        subresource,
        produce: () => object,
        mustNameVersion: true,
        ...(createMissing ? { createMissing: (at: number) => decideCreate(context, object, at) } : {}),
      },
      revision,
    ),
  )
  addWarnings(call, context.warnings)
  await sendObject(call, written.created ? 201 : 200, written.body)
}
