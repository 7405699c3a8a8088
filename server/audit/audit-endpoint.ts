import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import type { AuditEntry, AuditPage } from '@/contract/audit'
import type { Caller } from '@/server/proxy/caller'
import { buildStatus, sendStatus } from '@/server/proxy/status-response'
import type { AuditAccess } from './audit-access'
import { csvHead, csvLine } from './audit-csv'
import { BadAuditQuery, readAuditQuery } from './audit-filter'
import { type AuditLog, type AuditSearch, BadCursor } from './audit-log'

export interface AuditEndpointOptions {
  audit: AuditLog
  access: AuditAccess
  log: Logger
}

export interface AuditEndpoint {
  /** Answers `GET /audit` and `GET /audit/export?format=jsonl|csv` for a caller. Never rejects. */
  handle(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void>
}

const pageSize = { default: 50, max: 200 }
/** Reading the record costs; people look at one page at a time. */
const maxConcurrent = 8

/** The record over HTTP. */
export function createAuditEndpoint({ audit, access, log }: AuditEndpointOptions): AuditEndpoint {
  let running = 0

  async function sendPage(search: URLSearchParams, response: ServerResponse, { wanted, shown }: Wanted): Promise<void> {
    const limit = Math.min(pageSize.max, Math.max(1, Number(search.get('limit')) || pageSize.default))
    const found = await audit.find(wanted, { limit, cursor: search.get('cursor') ?? undefined })
    const page: AuditPage = { ...found, items: found.items.map(shown) }
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(JSON.stringify(page))
  }

  async function sendExport(
    search: URLSearchParams,
    response: ServerResponse,
    { wanted, shown }: Wanted,
  ): Promise<void> {
    const csv = search.get('format') === 'csv'
    if (!csv && search.get('format') !== 'jsonl') throw new BadAuditQuery('"format" is csv or jsonl')
    response.writeHead(200, {
      'content-type': csv ? 'text/csv; charset=utf-8' : 'application/jsonl; charset=utf-8',
      'content-disposition': `attachment; filename="audit.${csv ? 'csv' : 'jsonl'}"`,
      'cache-control': 'no-store',
    })
    if (csv) response.write(csvHead)
    for await (const entry of audit.all(wanted)) {
      const line = csv ? csvLine(shown(entry)) : `${JSON.stringify(shown(entry))}\n`
      if (!response.write(line)) await once(response, 'drain', wanted.signal ? { signal: wanted.signal } : {})
    }
    response.end()
  }

  async function answer(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void> {
    const [path, query = ''] = (request.url ?? '').split('?', 2)
    const send = path === '/audit' ? sendPage : path === '/audit/export' ? sendExport : undefined
    if (!send) return sendStatus(response, buildStatus(404, `There is no ${path}.`))
    if (request.method !== 'GET') {
      return sendStatus(response, buildStatus(405, 'The record can only be read.'), { allow: 'GET' })
    }
    const search = new URLSearchParams(query)
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const signal = AbortSignal.any([gone.signal, caller.ended])
    const reader = access.readerFor(caller, signal)
    const wanted = { query: readAuditQuery(search), mayRead: reader.mayRead, signal }
    await send(search, response, { wanted, shown: reader.shown })
  }

  return {
    async handle(request, response, caller) {
      if (running >= maxConcurrent) {
        return sendStatus(response, buildStatus(429, 'The record is being read by others; try again in a moment.', 1))
      }
      running += 1
      try {
        await answer(request, response, caller)
      } catch (error) {
        if (error instanceof BadAuditQuery || error instanceof BadCursor) {
          return sendStatus(response, buildStatus(400, `Bad query: ${error.message}.`))
        }
        if (response.destroyed) return
        log.error({ err: error, requestId: caller.requestId }, 'the audit record could not be read')
        sendStatus(response, buildStatus(500, `The audit record could not be read (${caller.requestId}).`))
      } finally {
        running -= 1
      }
    },
  }
}

interface Wanted {
  wanted: AuditSearch
  shown: (entry: AuditEntry) => AuditEntry
}
