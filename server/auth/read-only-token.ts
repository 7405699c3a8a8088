import type { IncomingMessage } from 'node:http'
import { isReading } from './same-origin'

/** Asking what one may do changes nothing, although it is a POST. */
const reviews = /^\/k8s\/[^/]+\/apis\/(authorization|authentication)\.k8s\.io\/v1\/selfsubject[a-z]+$/
/** What a GET may do behind these is the pod's or node's own business, or a stream into it. */
const acting = /\/(proxy|exec|attach|portforward|vnc|console|usbredir|vsock)(\/|$)/

/** Whether a token for reading may make this request: no writing, no consoles, no way into a pod. */
export function isWithinReadOnly(request: IncomingMessage): boolean {
  const path = (request.url ?? '').split('?', 1)[0] ?? ''
  if (request.headers.upgrade !== undefined) return path === '/live'
  if (request.method === 'POST') return reviews.test(path)
  // However the path is written, so that no reading of it by anyone else differs.
  return isReading(request) && !path.includes('%') && !acting.test(path.toLowerCase())
}
