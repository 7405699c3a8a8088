import type { ResourceCall } from '../api-context'
import { mediaType, parseBody, readBody } from '../http/read-body'
import { decideCreate } from '../write/create-object'
import { decodeObject } from '../write/decode-object'
import { repeatedIn } from '../write/unknown-fields'
import { writeContext } from '../write/write-context'
import { addWarnings, sendObject } from './send-object'

export async function createObject(call: ResourceCall): Promise<void> {
  const raw = await readBody(call.request)
  const body = parseBody(raw, mediaType(call.request))
  const context = writeContext(call)
  const place = { target: call.target, namespace: call.info.namespace, name: '' }
  const object = decodeObject(body, place, { context, repeated: () => repeatedIn(call.request, raw) })
  const written = await call.api.store.write((revision) => decideCreate(context, object, revision))
  addWarnings(call, context.warnings)
  await sendObject(call, 201, written.body)
}
