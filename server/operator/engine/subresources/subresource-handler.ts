import type { Duplex } from 'node:stream'
import type { KubeClient } from '@/server/cluster/kube-client'
import type { Hypervisor } from '../hypervisor-port'

export interface SubresourceContext {
  namespace: string
  name: string
  query: URLSearchParams
  /** The parsed body; `{}` when there was none. */
  body: unknown
  /** What follows the subresource's name, as `22/tcp` in `portforward/22/tcp`. */
  rest?: string
}

export interface SubresourceResult {
  status: number
  /** Left out: empty. A Buffer goes out as it is, a string as text, all else as JSON. */
  body?: unknown
  contentType?: string
}

/**
 * One subresource of `subresources.kubevirt.io`, to be plugged into the API server, which checks permission before.
 * Both functions reject with an ApiError that carries the Status to answer with.
 */
export interface SubresourceHandler {
  resource: 'virtualmachines' | 'virtualmachineinstances' | 'expand-vm-spec'
  /** '' for a call that is about no object. */
  subresource: string
  method: 'GET' | 'PUT'
  handle?(context: SubresourceContext): Promise<SubresourceResult>
  /** Opens the byte stream that a WebSocket is joined to. */
  open?(context: SubresourceContext): Promise<Duplex>
}

export interface SubresourceParts {
  client: KubeClient
  hypervisorFor(nodeName: string): Hypervisor | undefined
}
