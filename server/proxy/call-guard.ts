import type { KubeStatus } from '@/contract/kube-object'
import type { Caller } from './caller'

export interface GuardedCall {
  caller: Caller
  cluster: string
  method: string
  /** Below the cluster's API root, with the query, as it would go on the wire. */
  path: string
  /** The call asks to become a stream: exec, port-forward, a console. */
  upgrade: boolean
}

/** A rule of the console itself on top of the cluster's: the refusal, or undefined when the call may go on. */
export type CallGuard = (call: GuardedCall) => KubeStatus | undefined
