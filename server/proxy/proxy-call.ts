import type { IncomingMessage } from 'node:http'
import type { Logger } from 'pino'
import type { KubeStatus } from '@/contract/kube-object'
import type { Connection, ConnectionDirectory, Identity } from '@/server/cluster/connection'
import { type ApiTarget, BadPath, parseApiTarget } from './api-path'
import type { CallGuard } from './call-guard'
import { type CallLimiter, limitKeyOf } from './call-limits'
import type { CallOutcome, CallRecord, CallRecorder } from './call-recorder'
import type { Caller } from './caller'
import { isLongRunning } from './long-running'
import { buildStatus } from './status-response'

/** A call that may go on: its address is good, the person may reach the cluster, and nothing stands against it. */
export interface ProxyCall extends ApiTarget {
  connection: Connection
  caller: Caller
  identity: Identity
  request: IncomingMessage
  method: string
  upgrade: boolean
  startedAt: number
  /** Its answer may take its time. */
  longRunning: boolean
  /** Undefined: it changes nothing. */
  record: CallRecord | undefined
  /** Gives the call's place under the person's limits back. */
  leave: () => void
}

export interface AdmissionOptions {
  connections: ConnectionDirectory
  limiter: CallLimiter
  guard?: CallGuard | undefined
  recorder?: CallRecorder | undefined
  log: Logger
}

const readingMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Decides which calls may go on. */
export function createAdmission({ connections, limiter, guard, recorder, log }: AdmissionOptions) {
  /** The call, or why there is none. A refusal by the guard is noted as any other outcome. */
  return function admit(request: IncomingMessage, caller: Caller): ProxyCall | KubeStatus {
    const target = readTarget(request.url ?? '/')
    if ('kind' in target) return target
    const { cluster, path } = target
    const connection = connections.get(cluster)
    if (!connection) return buildStatus(404, `There is no cluster "${cluster}" here.`)
    const identity = caller.identityFor(cluster)
    if ('kind' in identity) return identity
    const { method = 'GET' } = request
    const upgrade = request.headers.upgrade !== undefined
    const longRunning = isLongRunning(path)
    const leave = limiter.enter(limitKeyOf(caller, identity), upgrade || longRunning ? 'stream' : 'request')
    if (typeof leave !== 'function') return leave
    const changes = upgrade || !readingMethods.has(method)
    const record = changes ? recorder?.begin({ caller, cluster, method, path, upgrade }) : undefined
    const startedAt = performance.now()
    const call = {
      ...{ cluster, path, connection, caller, identity, request, method },
      ...{ upgrade, startedAt, longRunning, record, leave },
    }
    const refusal = guard?.({ caller, cluster, method, path, upgrade })
    if (!refusal) return call
    leave()
    noteOutcome(log, call, { status: refusal.code ?? 403, message: refusal.message })
    return refusal
  }
}

function readTarget(url: string): ApiTarget | KubeStatus {
  try {
    return parseApiTarget(url)
  } catch (error) {
    if (error instanceof BadPath) return buildStatus(400, `Bad address: ${error.message}.`)
    throw error
  }
}

/** Ends the record of a call, with its line in the log. */
export function noteOutcome(log: Logger, call: ProxyCall, outcome: CallOutcome): void {
  logCall(log, call, outcome.status)
  call.record?.finish(outcome)
}

/** One line for a call that may change something, and for every stream; never with queries, bodies or tokens. */
export function logCall(log: Logger, call: ProxyCall, status: number): void {
  const { method, upgrade, caller, cluster, path, startedAt } = call
  if (!upgrade && readingMethods.has(method)) return
  const { requestId, user } = caller
  const durationMs = Math.round(performance.now() - startedAt)
  const line = { audit: true, requestId, user, cluster, method, path: path.split('?', 1)[0], status, durationMs }
  log.info(line, upgrade ? 'API stream' : 'API call')
}
