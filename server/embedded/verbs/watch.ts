import { randomInt } from 'node:crypto'
import type { ResourceCall } from '../api-context'
import { badRequest, expired } from '../errors/status-error'
import { isTrue } from '../http/request-info'
import { checkWatchOptions } from '../query/list-options'
import { readResourceVersion } from '../query/resource-version'
import { selectNow } from '../query/select-objects'
import { readSelection } from '../query/selection'
import { resourceName } from '../registry/served-resource'
import type { View } from '../watch/watch-event'
import { frameOf } from '../watch/watch-event'
import { addWarnings, representationFor } from './send-object'

/** As kube-apiserver: a watch without timeout ends after 30 to 60 minutes, spread so that not all come back at once. */
const defaultTimeout = 1800

/** Streams the changes of a collection; one JSON event per line. */
export function watchObjects(call: ResourceCall): void {
  const { api, response, query } = call
  const { yaml: _yaml, ...representation } = representationFor(call)
  const selection = readSelection(query, { ...call.info, target: call.target })
  checkWatchOptions(query)
  const asked = readResourceVersion(query)
  const watchList = readWatchList(query)
  const resource = resourceName(call.target.resource)
  const view: View = { selection, representation, entry: (revision) => api.store.entry(revision) }

  const release = api.flow.admitWatch(call.user)
  response.once('close', release)
  addWarnings(call, [])
  response.statusCode = 200
  response.setHeader('Content-Type', representation.contentType)
  response.setHeader('Cache-Control', 'no-cache, private')
  response.setHeader('X-Accel-Buffering', 'no')
  if (asked !== undefined && asked !== 0 && asked < api.store.compacted && !watchList) {
    const error = expired(`too old resource version: ${asked} (${api.store.compacted})`)
    response.end(frameOf('ERROR', Buffer.from(JSON.stringify(error.status))))
    return
  }
  const fromState = watchList ?? (asked === undefined || asked === 0)
  const after = fromState ? api.store.revision : (asked ?? 0)
  const watcher = api.hub.watch({
    response,
    resource,
    view,
    after,
    initial: fromState ? selectNow(api.store, resource, selection) : [],
    bookmarks: isTrue(query.get('allowWatchBookmarks')),
    announceInitialEnd: watchList === true,
  })
  const seconds = readTimeout(query) ?? defaultTimeout + randomInt(defaultTimeout)
  const timer = setTimeout(() => watcher.end(), seconds * 1000)
  timer.unref()
  response.once('close', () => clearTimeout(timer))
}

/** `sendInitialEvents`: true, false, or not asked for. */
function readWatchList(query: URLSearchParams): boolean | undefined {
  const text = query.get('sendInitialEvents')
  return text === null ? undefined : isTrue(text)
}

function readTimeout(query: URLSearchParams): number | undefined {
  const text = query.get('timeoutSeconds')
  if (text === null || text === '' || text === '0') return undefined
  if (!/^\d{1,9}$/.test(text)) throw badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax`)
  return Math.min(Number(text), 24 * 3600)
}
