import type { Duplex } from 'node:stream'
import type { User } from './identity/user'

export interface SubresourceContext {
  namespace: string
  name: string
  query: URLSearchParams
  /** The parsed body; `{}` when there was none. */
  body: unknown
  user: User
  /** What follows the subresource's name, as `22/tcp` in `portforward/22/tcp`; '' when nothing does. */
  rest: string
}

export interface SubresourceAnswer {
  /** e.g. 202 */
  status: number
  /** Left out: empty. A Buffer is sent as it is, a string as text, all else as JSON. */
  body?: unknown
  contentType?: string
}

/**
 * One subresource of a machine in `subresources.kubevirt.io`. The API server has checked identity and permission. An
 * error that carries a `status: KubeStatus` is answered as that Status, before any upgrade.
 */
export interface SubresourceHandler {
  resource: 'virtualmachines' | 'virtualmachineinstances' | 'expand-vm-spec'
  /** e.g. `start`, `vnc`, `vnc/screenshot`; '' for a call that is about no object. */
  subresource: string
  method: 'GET' | 'PUT'
  handle?(context: SubresourceContext): Promise<SubresourceAnswer>
  /** Opens the byte stream that a WebSocket is joined to. */
  open?(context: SubresourceContext): Promise<Duplex>
}
