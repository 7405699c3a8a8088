import type { ResourceCall } from '../api-context'
import { mediaType, parseBody, readBody } from '../http/read-body'
import { sendBody } from '../http/respond'
import { parseObject } from '../storage/log-entry'
import type { DeleteOptions } from '../write/delete-object'
import { decideDelete, readDeleteOptions } from '../write/delete-object'
import { keyOf, type WriteContext, writeContext } from '../write/write-context'
import { addWarnings, sendObject } from './send-object'

/** Reads options and context of a delete, which may come in the query or in the body. */
export async function deleteCall(call: ResourceCall): Promise<{ context: WriteContext; options: DeleteOptions }> {
  const raw = await readBody(call.request)
  const body = raw.length === 0 ? undefined : parseBody(raw, mediaType(call.request))
  const options = readDeleteOptions(body, call.query)
  const context = writeContext(call)
  if (options.dryRun) context.options.dryRun = true
  return { context, options }
}

export async function deleteObject(call: ResourceCall): Promise<void> {
  const { context, options } = await deleteCall(call)
  const deleted = await call.api.store.write((revision) => decideDelete(context, keyOf(call), options, revision))
  addWarnings(call, context.warnings)
  if (!deleted.gone) {
    await sendObject(call, 200, deleted.body)
    return
  }
  const { group, plural } = call.target.resource
  const metadata = parseObject(deleted.body)['metadata']
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: call.info.name,
      ...(group === '' ? {} : { group }),
      kind: plural,
      ...(typeof metadata === 'object' && metadata !== null && 'uid' in metadata ? { uid: metadata.uid } : {}),
    },
  }
  await sendBody(call.request, call.response, { status: 200, body: JSON.stringify(status) })
}
