import type { ResourceCall } from '../api-context'
import { notFound } from '../errors/status-error'
import { readResourceVersion, tooLargeResourceVersion } from '../query/resource-version'
import { groupResource } from '../registry/served-resource'
import { keyOf } from '../write/write-context'
import { addWarnings, sendObject } from './send-object'

export async function getObject(call: ResourceCall): Promise<void> {
  const { store } = call.api
  const asked = readResourceVersion(call.query)
  if (asked !== undefined && asked > store.revision) throw tooLargeResourceVersion(asked, store.revision)
  const entry = store.get(keyOf(call))
  if (!entry) throw notFound(groupResource(call.target.resource), call.info.name)
  addWarnings(call, [])
  await sendObject(call, 200, entry.body)
}
