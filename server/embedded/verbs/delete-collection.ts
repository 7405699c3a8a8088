import type { ResourceCall } from '../api-context'
import { StatusError } from '../errors/status-error'
import { sendBody } from '../http/respond'
import { selectNow } from '../query/select-objects'
import { readSelection } from '../query/selection'
import { resourceName } from '../registry/served-resource'
import { decideDelete } from '../write/delete-object'
import { deleteCall } from './delete'
import { addWarnings, representationFor } from './send-object'

/** Deletes every selected object, each for itself, and answers with the list of them. */
export async function deleteCollection(call: ResourceCall): Promise<void> {
  const { store } = call.api
  const representation = representationFor(call)
  const { context, options } = await deleteCall(call)
  const resource = resourceName(call.target.resource)
  const selection = readSelection(call.query, { ...call.info, name: '', target: call.target })
  const found = selectNow(store, resource, selection)
  const deleted = await Promise.all(
    found.map(async ({ namespace, name }) => {
      try {
        const key = { resource, namespace, name }
        return (await store.write((revision) => decideDelete(context, key, options, revision))).body
      } catch (error) {
        // Somebody else was quicker: it is gone, as wanted.
        if (error instanceof StatusError && error.code === 404) return undefined
        throw error
      }
    }),
  )
  const items = deleted.flatMap((body) => (body ? [representation.item(body).toString('utf8')] : []))
  addWarnings(call, context.warnings)
  await sendBody(call.request, call.response, {
    status: 200,
    contentType: representation.contentType,
    body: `${representation.listHead({ resourceVersion: String(store.revision) })}${items.join(',')}${representation.listTail}`,
  })
}
