import type { ResourceCall } from '../api-context'
import { mediaType, parseBody, readBody } from '../http/read-body'
import { decideCreate } from '../write/create-object'
import { decodeObject } from '../write/decode-object'
import { writeContext } from '../write/write-context'
import { addWarnings, sendObject } from './send-object'

export async function createObject(call: ResourceCall): Promise<void> {
  const body = parseBody(await readBody(call.request), mediaType(call.request))
  const object = decodeObject(body, { target: call.target, namespace: call.info.namespace, name: '' })
  const context = writeContext(call)
  const written = await call.api.store.write((revision) => decideCreate(context, object, revision))
  addWarnings(call, context.warnings)
  await sendObject(call, 201, written.body)
}
