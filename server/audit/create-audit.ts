import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import type { ConnectionDirectory } from '@/server/cluster/connection'
import type { CallRecorder } from '@/server/proxy/call-recorder'
import type { Caller } from '@/server/proxy/caller'
import { createAuditAccess } from './audit-access'
import { type AuditEndpoint, createAuditEndpoint } from './audit-endpoint'
import { type AuditLog, createAuditLog } from './audit-log'
import { createCallAudit, describeCaller, judge } from './call-audit'
import type { Retention } from './segment-files'

export interface AuditOptions {
  /** Holds the segments. */
  directory: string
  connections: ConnectionDirectory
  log: Logger
  retention?: Partial<Retention> | undefined
  clock?: () => number
}

export interface Audit {
  log: AuditLog
  /** For proxy and console relay. */
  recorder: CallRecorder
  endpoint: AuditEndpoint
  /** Keeps an entry about a change of the console's own things once it is answered. */
  noteConsoleCall(request: IncomingMessage, response: ServerResponse, caller: Caller): void
}

/** The console's record of who did what: kept, and told to those who may know. Rejects when its directory cannot be used. */
export async function createAudit({ directory, connections, log, ...more }: AuditOptions): Promise<Audit> {
  const audit = await createAuditLog({ directory, log, ...more })
  return {
    log: audit,
    recorder: createCallAudit({ log: audit }),
    endpoint: createAuditEndpoint({ audit, access: createAuditAccess({ connections, log }), log }),
    noteConsoleCall({ method = 'GET', url = '' }, response, caller) {
      if (method === 'GET' || method === 'HEAD') return
      response.once('close', () => {
        const status = response.writableFinished ? response.statusCode : 0
        const path = (url.split('?', 1)[0] ?? '').slice(0, 512)
        const verb = method.toLowerCase()
        audit.record({ type: 'account', ...describeCaller(caller), verb, path, outcome: judge(status), status })
      })
    },
  }
}
