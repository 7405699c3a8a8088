import type { IncomingMessage, ServerResponse } from 'node:http'
import type { User } from '../identity/user'

/** A request whose sender is known. */
export interface ApiRequest {
  request: IncomingMessage
  response: ServerResponse
  url: URL
  query: URLSearchParams
  user: User
}
