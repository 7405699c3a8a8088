import type { ResourceCall } from '../api-context'
import { badRequest, expired } from '../errors/status-error'
import { StreamedBody } from '../http/respond'
import { type ContinuePoint, decodeContinue, encodeContinue } from '../query/continue-token'
import { checkListOptions } from '../query/list-options'
import { readResourceVersion, tooLargeResourceVersion } from '../query/resource-version'
import { selects } from '../query/select-objects'
import { readSelection, type Selection, selectsByKeyOnly } from '../query/selection'
import { resourceName } from '../registry/served-resource'
import type { ListMeta, Representation } from '../represent/representation'
import type { Pointer } from '../storage/log-entry'
import type { ObjectStore } from '../storage/object-store'
import { addWarnings, representationFor, sendRepresented, wantsPretty } from './send-object'

interface Page {
  pointers: Pointer[]
  meta: ListMeta
  revision: number
}

const expiredContinue =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.'

/** Answers a collection, streamed object by object from one snapshot, however large it is. */
export async function listObjects(call: ResourceCall): Promise<void> {
  const representation = representationFor(call)
  const selection = readSelection(call.query, { ...call.info, name: '', target: call.target })
  const leave = isLarge(call) ? await call.api.flow.admitList(call.user) : () => {}
  try {
    await answerPage(call, { representation, page: readPage(call, selection) })
  } finally {
    leave()
  }
}

/** Lists of more objects than this take turns. */
const largeList = 500

function isLarge({ api, query, target, info }: ResourceCall): boolean {
  const limit = readLimit(query)
  if (limit > 0 && limit <= largeList) return false
  const count = api.store.count({
    resource: resourceName(target.resource),
    namespace: info.namespace || undefined,
  })
  return count > largeList
}

async function answerPage(
  call: ResourceCall,
  { representation, page }: { representation: ReturnType<typeof representationFor>; page: Page },
): Promise<void> {
  addWarnings(call, [])
  const release = call.api.store.pin(page.revision)
  try {
    if (representation.yaml || wantsPretty(call.query)) await sendWhole(call, representation, page)
    else await stream(call, representation, page)
  } finally {
    release()
  }
}

function readPage(call: ResourceCall, selection: Selection): Page {
  const { store } = call.api
  checkListOptions(call.query)
  const token = call.query.get('continue') ?? ''
  const point = token === '' ? undefined : decodeContinue(token)
  const revision = point?.revision ?? snapshotRevision(call)
  if (revision < store.compacted) {
    throw expired(point ? expiredContinue : 'The resourceVersion for the provided list is too old.')
  }
  const limit = readLimit(call.query)
  const resource = resourceName(call.target.resource)
  const { pointers, more } = selectPage(store, { resource, revision, selection, limit, after: point?.after })
  const last = pointers.at(-1)
  const meta: ListMeta = { resourceVersion: String(revision) }
  if (more && last) {
    meta.continue = encodeContinue({ revision, after: { namespace: last.namespace, name: last.name } })
    if (selectsByKeyOnly(selection) && selection.name === '') {
      meta.remainingItemCount = store.count({
        resource,
        namespace: selection.namespace || undefined,
        revision,
        after: last,
      })
    }
  }
  return { pointers, meta, revision }
}

/** The revision a first page shows: now, or exactly the one asked for. */
function snapshotRevision(call: ResourceCall): number {
  const { store } = call.api
  const asked = readResourceVersion(call.query)
  if (asked !== undefined && asked > store.revision) throw tooLargeResourceVersion(asked, store.revision)
  return call.query.get('resourceVersionMatch') === 'Exact' && asked !== undefined ? asked : store.revision
}

function readLimit(query: URLSearchParams): number {
  const text = query.get('limit') ?? '0'
  if (!/^\d{1,9}$/.test(text)) throw badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax`)
  return Number(text)
}

interface PageQuery {
  resource: string
  revision: number
  selection: Selection
  /** 0: none. */
  limit: number
  after: ContinuePoint['after'] | undefined
}

const scanChunk = 500

/** The selected objects of one page, and whether more follow. */
function selectPage(
  store: ObjectStore,
  { selection, limit, ...query }: PageQuery,
): { pointers: Pointer[]; more: boolean } {
  const pointers: Pointer[] = []
  const everything = selectsByKeyOnly(selection) && selection.name === ''
  // One more than the page holds tells whether there is a next one.
  const wanted = limit === 0 ? Number.POSITIVE_INFINITY : limit + 1
  const chunk = limit === 0 ? undefined : everything ? limit + 1 : Math.max(scanChunk, limit + 1)
  let after = query.after
  for (;;) {
    const found = store.snapshot({
      resource: query.resource,
      revision: query.revision,
      namespace: selection.namespace || undefined,
      after,
      limit: chunk,
    })
    for (const pointer of found) {
      if (everything || selects(store, selection, pointer)) pointers.push(pointer)
      if (pointers.length >= wanted) return { pointers: pointers.slice(0, limit), more: true }
    }
    after = found.at(-1)
    if (chunk === undefined || found.length < chunk) return { pointers, more: false }
  }
}

const chunkBytes = 256 * 1024
const compressFrom = 32

async function stream(call: ResourceCall, representation: Representation, page: Page): Promise<void> {
  const { request, response, api } = call
  response.statusCode = 200
  response.setHeader('Content-Type', representation.contentType)
  response.setHeader('Cache-Control', 'no-cache, private')
  const sink = new StreamedBody(request, response, { compress: page.pointers.length >= compressFrom })
  if (request.method === 'HEAD') return sink.end('')
  let parts: Buffer[] = [Buffer.from(representation.listHead(page.meta))]
  let size = 0
  const comma = Buffer.from(',')
  for (const [index, { revision }] of page.pointers.entries()) {
    const entry = api.store.entry(revision)
    if (!entry) throw new Error(`revision ${revision} vanished below a pinned list`)
    if (index > 0) parts.push(comma)
    const item = representation.item(entry.body)
    parts.push(item)
    size += item.length
    if (size < chunkBytes) continue
    if (!(await sink.write(Buffer.concat(parts)))) return
    parts = []
    size = 0
  }
  parts.push(Buffer.from(representation.listTail))
  if (await sink.write(Buffer.concat(parts))) sink.end('')
}

/** For people: the whole list in memory, as YAML or with line breaks. */
async function sendWhole(
  call: ResourceCall,
  representation: Representation & { yaml: boolean },
  page: Page,
): Promise<void> {
  const items = page.pointers.flatMap(({ revision }) => {
    const entry = call.api.store.entry(revision)
    return entry ? [representation.item(entry.body).toString('utf8')] : []
  })
  const json = Buffer.from(`${representation.listHead(page.meta)}${items.join(',')}${representation.listTail}`)
  await sendRepresented(call, representation, { status: 200, json })
}
