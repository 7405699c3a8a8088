import type { IncomingMessage, ServerResponse } from 'node:http'
import { BodyRefused } from '@/server/proxy/request-body'
import { buildStatus, sendStatus } from '@/server/proxy/status-response'
import type { Authenticator } from './authenticator'
import type { Endpoint, Exchange, Reply } from './endpoints/endpoint'
import { TooBusy } from './password-hash'
import { passwordChangeRequired, Refusal } from './refusal'
import { isFromOurPages, isReading, type OriginPolicy } from './same-origin'

export interface SignInOptions {
  authenticator: Authenticator
  endpoints: readonly Endpoint[]
  origins: OriginPolicy
  addressOf: (request: IncomingMessage) => string
}

/** One request's id and the nonce of its Content-Security-Policy. */
export interface RequestMarks {
  requestId: string
  nonce: string
}

export interface SignIn {
  /** Answers `/auth/…`. */
  handle(request: IncomingMessage, response: ServerResponse, marks: RequestMarks): Promise<void>
}

/** Gives each request below `/auth` to its endpoint, once it is sure who asks and that it is their wish. */
export function createSignIn({ authenticator, endpoints, origins, addressOf }: SignInOptions): SignIn {
  async function answer(endpoint: Endpoint, exchange: Exchange): Promise<Reply> {
    const { request } = exchange
    if (endpoint.access === 'anyone') {
      if (!isReading(request) && !isFromOurPages(request, origins)) {
        throw new Refusal(buildStatus(403, 'Signing in starts with the console’s own pages.'))
      }
      return endpoint.handle(exchange)
    }
    const signedIn = authenticator.sessionOf(request)
    if (!signedIn) throw new Refusal(authenticator.notSignedIn(request))
    const refused = authenticator.refusalOf(request, signedIn.session)
    if (refused) throw new Refusal(refused)
    if (signedIn.person.mustChangePassword && !endpoint.beforePasswordChange)
      throw new Refusal(passwordChangeRequired())
    if (endpoint.access === 'administrator' && !signedIn.person.administrator) {
      throw new Refusal(buildStatus(403, 'This is for administrators of the console.'))
    }
    return endpoint.handle({ ...exchange, ...signedIn })
  }

  async function handle(request: IncomingMessage, response: ServerResponse, marks: RequestMarks): Promise<void> {
    const [path = '', query] = (request.url ?? '').split('?', 2)
    const found = find(endpoints, request.method === 'HEAD' ? 'GET' : request.method, path)
    if (!found) return sendStatus(response, buildStatus(404, `There is no ${request.method} ${path}.`))
    const { requestId, nonce } = marks
    const address = addressOf(request)
    const { endpoint, params } = found
    try {
      const exchange = { request, response, requestId, nonce, params, query: new URLSearchParams(query), address }
      sendReply(response, await answer(endpoint, exchange))
    } catch (error) {
      const status = statusOf(error)
      if (!status) throw error
      sendStatus(response, status)
    }
  }

  return { handle }
}

function statusOf(error: unknown) {
  if (error instanceof Refusal) return error.status
  if (error instanceof BodyRefused) return buildStatus(error.code, error.message)
  if (error instanceof TooBusy) return buildStatus(503, 'Too many people sign in at the moment; try again.', 2)
  return undefined
}

function find(endpoints: readonly Endpoint[], method: string | undefined, path: string) {
  for (const endpoint of endpoints) {
    const match = endpoint.method === method ? endpoint.path.exec(path) : null
    // A per cent sign in a parameter names nothing of ours.
    if (match) return { endpoint, params: match.slice(1) }
  }
  return undefined
}

function sendReply(response: ServerResponse, reply: Reply): void {
  if (!reply) return
  if (reply.cookies) response.setHeader('set-cookie', [...reply.cookies])
  response.setHeader('cache-control', 'no-store')
  if ('location' in reply) response.writeHead(303, { location: reply.location }).end()
  else if (reply.body === undefined) response.writeHead(reply.code).end()
  else response.writeHead(reply.code, { 'content-type': 'application/json' }).end(JSON.stringify(reply.body))
}
