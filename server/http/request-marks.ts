import { randomBytes, randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RequestMarks } from '@/server/auth/sign-in'

/** Ways in which clients or proxies could claim what only this server decides. */
const claims =
  /^(forwarded|via|x-forwarded-.*|x-real-ip|x-remote-.*|x-client-ip|x-nonce|x-chiave-peer|x-request-id|content-security-policy.*|impersonate-.*|x-middleware-.*|x-invoke-.*|x-matched-path|x-now-.*|x-vercel-.*|next-resume)$/

/** Whether a proxy in front of us said for whom it speaks. Asked before the claims are stripped. */
export function isForwarded({ headers }: IncomingMessage): boolean {
  return headers.forwarded !== undefined || headers['x-forwarded-for'] !== undefined || headers.via !== undefined
}

/** Gives a request its id and nonce, and takes from it what it claims about itself. */
export function markRequest(request: IncomingMessage): RequestMarks {
  for (const name of Object.keys(request.headers)) {
    if (claims.test(name)) delete request.headers[name]
  }
  return { requestId: randomUUID(), nonce: randomBytes(18).toString('base64url') }
}

/** What every answer carries, whoever makes it. */
export function setCommonHeaders(response: ServerResponse, { requestId }: RequestMarks): void {
  response.setHeader('x-request-id', requestId)
  response.setHeader('x-content-type-options', 'nosniff')
  response.setHeader('x-frame-options', 'DENY')
  // Not `no-referrer`: browsers would then send `Origin: null` with our own sign-in form.
  response.setHeader('referrer-policy', 'same-origin')
  response.setHeader('cross-origin-opener-policy', 'same-origin')
  response.setHeader('cross-origin-resource-policy', 'same-origin')
  response.setHeader('permissions-policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()')
}

/**
 * The page's Content-Security-Policy, on the answer for the browser and on the request for Next, which puts the nonce it
 * finds there on its own scripts. Styles cannot be strict: terminal, editor and charts insert style elements.
 */
export function setPagePolicy(
  { request, response, nonce }: { request: IncomingMessage; response: ServerResponse; nonce: string },
  /** Next's development client evaluates code. */
  { development }: { development: boolean },
): void {
  const policy = [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${development ? " 'unsafe-eval'" : ''}`,
    "style-src 'self' 'unsafe-inline'",
    "worker-src 'self' blob:",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
  request.headers['x-nonce'] = nonce
  request.headers['content-security-policy'] = policy
  response.setHeader('content-security-policy', policy)
}
