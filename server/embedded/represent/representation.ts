import type { JsonObject } from '@/contract/json'
import { relabelBody } from '../api-object'
import type { Negotiated } from '../http/negotiate'
import { apiVersion, storageApiVersion, type Target } from '../registry/served-resource'
import { peekObject } from '../storage/log-entry'
import { withStoredDefaults } from './stored-defaults'
import { columnsOf, type TableColumn } from './table-columns'

export interface ListMeta {
  resourceVersion: string
  continue?: string
  remainingItemCount?: number
}

/** How objects look to one request: themselves, their metadata only, or rows of a table; all as JSON bytes. */
export interface Representation {
  /** Same key, same bytes: what several watchers ask for is made once. */
  key: string
  contentType: string
  /** One object as a whole answer, and as the object of a watch event. */
  single(body: Buffer): Buffer
  /** One element of a list. */
  item(body: Buffer): Buffer
  listHead(meta: ListMeta): string
  listTail: string
  /** An object of the kind that has nothing but a resourceVersion (and annotations), for bookmarks. */
  bookmark(metadata: JsonObject): Buffer
}

export interface RepresentationOptions {
  target: Target
  negotiated: Negotiated
  /** `None`, `Metadata` or `Object`: what a table row carries of its object. */
  includeObject: string
  now: () => Date
}

export function representationOf({ target, negotiated, includeObject, now }: RepresentationOptions): Representation {
  switch (negotiated.shape) {
    case 'object':
      return wholeObjects(target)
    case 'metadata':
      return metadataOnly(target)
    case 'table':
      return tableRows(target, includeObject, now)
  }
}

function wholeObjects(target: Target): Representation {
  const { resource, version } = target
  const served = apiVersion(resource.group, version.name)
  const stored = storageApiVersion(resource)
  const single = (body: Buffer): Buffer => relabelBody(withStoredDefaults(target, body), stored, served)
  return {
    key: `object/${served}`,
    contentType: 'application/json',
    single,
    item: single,
    listHead: (meta) => listStart({ apiVersion: served, kind: resource.listKind, metadata: meta }, 'items'),
    listTail: ']}\n',
    bookmark: (metadata) => Buffer.from(JSON.stringify({ apiVersion: served, kind: resource.kind, metadata })),
  }
}

function metadataOnly(_target: Target): Representation {
  const head = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' }
  const single = (body: Buffer): Buffer =>
    Buffer.from(JSON.stringify({ ...head, metadata: peekObject(body)['metadata'] }))
  return {
    key: 'metadata',
    contentType: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
    single,
    item: single,
    listHead: (metadata) =>
      listStart({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata }, 'items'),
    listTail: ']}\n',
    bookmark: (metadata) => Buffer.from(JSON.stringify({ ...head, metadata })),
  }
}

function tableRows(target: Target, includeObject: string, now: () => Date): Representation {
  const columns = columnsOf(target)
  const head = { kind: 'Table', apiVersion: 'meta.k8s.io/v1' }
  const definitions = columns.map(({ definition }) => definition)
  const row = (body: Buffer): string => {
    const object = peekObject(withStoredDefaults(target, body))
    return JSON.stringify({
      cells: columns.map((column) => cellOf(column, object, now())),
      ...rowObject(object, includeObject),
    })
  }
  const single = (body: Buffer): Buffer => {
    const metadata = { resourceVersion: resourceVersionOf(peekObject(body)) }
    const open = listStart({ ...head, metadata, columnDefinitions: definitions }, 'rows')
    return Buffer.from(`${open}${row(body)}]}`)
  }
  return {
    key: `table/${target.resource.group}/${target.version.name}/${includeObject}`,
    contentType: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    single,
    item: (body) => Buffer.from(row(body)),
    listHead: (metadata) => listStart({ ...head, metadata, columnDefinitions: definitions }, 'rows'),
    listTail: ']}\n',
    bookmark: (metadata) =>
      Buffer.from(
        JSON.stringify({
          ...head,
          metadata: { resourceVersion: metadata['resourceVersion'] },
          columnDefinitions: definitions,
          rows: [
            {
              cells: columns.map(() => null),
              object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata },
            },
          ],
        }),
      ),
  }
}

function cellOf(column: TableColumn, object: JsonObject, now: Date): unknown {
  return column.cell(object, now) ?? null
}

function rowObject(object: JsonObject, includeObject: string): { object?: unknown } {
  if (includeObject === 'None') return {}
  if (includeObject === 'Object') return { object }
  return { object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object['metadata'] } }
}

function resourceVersionOf(object: JsonObject): unknown {
  const metadata = object['metadata']
  return typeof metadata === 'object' && metadata !== null && 'resourceVersion' in metadata
    ? metadata.resourceVersion
    : undefined
}

/** The beginning of an object up to and with the opening bracket of its last field, a list. */
function listStart(fields: object, listField: string): string {
  return `${JSON.stringify(fields).slice(0, -1)},"${listField}":[`
}
