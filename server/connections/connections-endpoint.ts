import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { type ConnectionInfo, type ConnectionList, maxKubeconfigBytes } from '@/contract/connections'
import type { KubeStatus } from '@/contract/kube-object'
import type { Log } from '@/server/cluster/log'
import type { CallGuard } from '@/server/proxy/call-guard'
import type { Caller } from '@/server/proxy/caller'
import { BodyRefused, readSmallBody } from '@/server/proxy/request-body'
import { buildStatus, sendStatus } from '@/server/proxy/status-response'
import type { AddedConnections } from './added-connections'
import type { Connections, ManagedConnection } from './connections'
import { KubeconfigRefused } from './kubeconfig-check'
import { readOnlyRefusal } from './read-only'
import type { ReadOnlyChoices } from './read-only-choices'

export interface ConnectionsEndpointOptions {
  connections: Connections
  added: AddedConnections
  choices: ReadOnlyChoices
  log: Log
}

export interface ConnectionsEndpoint {
  /** Answers `/connections…` (contract/connections.ts) for somebody who is signed in. Rejects only for bugs. */
  handle(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void>
  /** The read-only switch as a rule for every call to a cluster. */
  guard: CallGuard
}

// JSON escapes line ends and quotes of a kubeconfig.
const bodyLimits = { maxBytes: 2 * maxKubeconfigBytes + 4096, timeoutMs: 20_000 }
const displayName = z.string().trim().min(1).max(100)
const addSchema = z.strictObject({
  kubeconfig: z.string().min(1),
  context: z.string().min(1).max(253).optional(),
  displayName: displayName.optional(),
  test: z.boolean().optional(),
})
const renameSchema = z.strictObject({ displayName })
const switchSchema = z.strictObject({ readOnly: z.boolean() })

/** What people see of the connections, the switch that each has, and the administrators' adding and removing. */
export function createConnectionsEndpoint(options: ConnectionsEndpointOptions): ConnectionsEndpoint {
  const { connections, added, choices, log } = options

  /** A cluster's own token is a tool's, not somebody's session: it has no switch. */
  function readOnlyOf({ personKey }: Caller, { name, type }: ManagedConnection) {
    const byDefault = type === 'kubeconfig'
    const chosen = personKey === undefined ? false : choices.get(personKey, name)
    return { readOnly: chosen ?? byDefault, readOnlyByDefault: byDefault, decided: chosen !== undefined }
  }

  const infoOf = (caller: Caller, managed: ManagedConnection) => describe(managed, readOnlyOf(caller, managed))

  /** Where somebody has no way to a cluster they are not told about it, unless they look after the connections. */
  function isShown(caller: Caller, { name }: ManagedConnection): boolean {
    return caller.administrator || !('kind' in caller.identityFor(name))
  }

  function list(caller: Caller): ConnectionList {
    const shown = connections.list().filter((managed) => isShown(caller, managed))
    for (const { health } of shown) health.look()
    return { connections: shown.map((managed) => infoOf(caller, managed)), mayManage: caller.administrator }
  }

  async function add(caller: Caller, request: IncomingMessage): Promise<Reply> {
    if (!caller.administrator) return administratorsOnly()
    const body = await readBody(request, addSchema)
    if ('kind' in body) return body
    const { kubeconfig, context, displayName: words, test } = body
    const asked = { kubeconfig, ...(context && { context }), ...(words && { displayName: words }) }
    if (test) return { code: 200, body: await added.test(asked) }
    const name = await added.add(asked, caller.user)
    log.info({ audit: true, requestId: caller.requestId, user: caller.user, cluster: name }, 'connection added')
    return one(caller, name, 201)
  }

  async function rename(caller: Caller, name: string, request: IncomingMessage): Promise<Reply> {
    if (!caller.administrator) return administratorsOnly()
    const body = await readBody(request, renameSchema)
    if ('kind' in body) return body
    if (!(await added.rename(name, body.displayName))) return notRemovable(name)
    log.info({ audit: true, requestId: caller.requestId, user: caller.user, cluster: name }, 'connection renamed')
    return one(caller, name, 200)
  }

  async function remove(caller: Caller, name: string): Promise<Reply> {
    if (!caller.administrator) return administratorsOnly()
    if (!(await added.remove(name))) return notRemovable(name)
    log.info({ audit: true, requestId: caller.requestId, user: caller.user, cluster: name }, 'connection removed')
    return { code: 204 }
  }

  async function turn(caller: Caller, name: string, request: IncomingMessage): Promise<Reply> {
    const managed = connections.find(name)
    if (!managed || !isShown(caller, managed)) return unknown(name)
    if (caller.personKey === undefined)
      return buildStatus(403, 'The read-only switch belongs to a person who signed in.')
    const body = await readBody(request, switchSchema)
    if ('kind' in body) return body
    await choices.set(caller.personKey, name, body.readOnly)
    const { requestId, user } = caller
    log.info({ audit: true, requestId, user, cluster: name, readOnly: body.readOnly }, 'read-only switch turned')
    return one(caller, name, 200)
  }

  function one(caller: Caller, name: string, code: number): Reply {
    const managed = connections.find(name)
    return managed && isShown(caller, managed) ? { code, body: infoOf(caller, managed) } : unknown(name)
  }

  async function answer(request: IncomingMessage, caller: Caller): Promise<Reply> {
    const [, , name = '', what, ...more] = (request.url ?? '').split('?', 1)[0]?.split('/').map(decode) ?? []
    if (more.length > 0) return unknown(name)
    if (what !== undefined) {
      if (what !== 'read-only' || name === '') return unknown(name)
      return request.method === 'PUT' ? turn(caller, name, request) : notSo(request)
    }
    return name === '' ? answerAll(request, caller) : answerOne(request, caller, name)
  }

  async function answerAll(request: IncomingMessage, caller: Caller): Promise<Reply> {
    if (request.method === 'GET') return { code: 200, body: list(caller) }
    return request.method === 'POST' ? add(caller, request) : notSo(request)
  }

  async function answerOne(request: IncomingMessage, caller: Caller, name: string): Promise<Reply> {
    const { method } = request
    if (method === 'GET') return one(caller, name, 200)
    if (method === 'PATCH') return rename(caller, name, request)
    return method === 'DELETE' ? remove(caller, name) : notSo(request)
  }

  return {
    async handle(request, response, caller) {
      try {
        const reply = await answer(request, caller)
        if ('kind' in reply) return sendStatus(response, reply)
        sendJson(response, reply)
      } catch (error) {
        if (error instanceof BodyRefused) return sendStatus(response, buildStatus(error.code, error.message))
        if (error instanceof KubeconfigRefused) return sendStatus(response, buildStatus(422, error.message))
        throw error
      }
    },
    guard({ caller, cluster, method, path, upgrade }) {
      const managed = connections.find(cluster)
      if (!managed || !readOnlyOf(caller, managed).readOnly) return undefined
      return readOnlyRefusal(managed.displayName, { method, path, upgrade })
    },
  }
}

type Switch = Pick<ConnectionInfo, 'readOnly' | 'readOnlyByDefault' | 'decided'>

/** A connection as one person sees it. */
function describe(managed: ManagedConnection, readOnlySwitch: Switch): ConnectionInfo {
  const { name, type, removable, server, user, context, namespace, health } = managed
  const version = health.version()
  return {
    name,
    displayName: managed.displayName,
    type,
    removable,
    ...(server === undefined ? {} : { server }),
    ...(user === undefined ? {} : { user }),
    ...(context === undefined ? {} : { context }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(version === undefined ? {} : { version }),
    health: health.current(),
    ...readOnlySwitch,
  }
}

type Reply = { code: number; body?: unknown } | KubeStatus

function sendJson(response: ServerResponse, { code, body }: Exclude<Reply, KubeStatus>): void {
  response.setHeader('cache-control', 'no-store')
  if (body === undefined) {
    response.writeHead(code).end()
    return
  }
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** The body as the schema has it, or a 400 that says what is wrong with it and repeats nothing of it. */
async function readBody<T extends z.ZodType>(request: IncomingMessage, schema: T): Promise<z.output<T> | KubeStatus> {
  const body = await readSmallBody(request, bodyLimits)
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch (error) {
    if (error instanceof SyntaxError) return buildStatus(400, 'The request is no JSON.')
    throw error
  }
  const result = schema.safeParse(parsed)
  if (result.success) return result.data
  const [issue] = result.error.issues
  return buildStatus(400, `${issue?.path.join('.') || 'The request'}: ${issue?.message ?? 'not understood'}`)
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch (error) {
    if (error instanceof URIError) return segment
    throw error
  }
}

const unknown = (name: string) => buildStatus(404, `There is no connection "${name.slice(0, 100)}" here.`)
const notRemovable = (name: string) =>
  buildStatus(404, `"${name.slice(0, 100)}" is no connection that was added in the console.`)
const notSo = ({ method }: IncomingMessage) => buildStatus(405, `Connections cannot be asked with ${method}.`)
const administratorsOnly = () => buildStatus(403, 'Connections are looked after by the administrators of this console.')
