import type { ResourceCall } from '../api-context'
import { mediaType, parseBody, readBody } from '../http/read-body'
import { decideCreate } from '../write/create-object'
import { decodeObject } from '../write/decode-object'
import { decideUpdate } from '../write/update-object'
import { keyOf, writeContext } from '../write/write-context'
import { addWarnings, sendObject } from './send-object'
import type { WritableSubresource } from './subresource'

/** PUT of an object or of one of its stored subresources. */
export async function updateObject(call: ResourceCall, subresource: WritableSubresource): Promise<void> {
  const body = parseBody(await readBody(call.request), mediaType(call.request))
  const object = decodeObject(body, { target: call.target, namespace: call.info.namespace, name: call.info.name })
  const context = writeContext(call)
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
