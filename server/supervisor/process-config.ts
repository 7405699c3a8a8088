import type { SignInSettings } from '../auth/create-auth'
import type { StaticUser } from '../home/credentials'
import type { InClusterAddress } from './in-cluster-address'

/** What each kind of process is told when it starts: plain JSON over the IPC channel, never in argv or environment. */

export interface AgentConfig {
  process: 'agent'
  instanceId: string
  nodeName: string
  nodeDirectory: string
  socketPath: string
  /** The only user that may connect, when this process is root. */
  socketOwner?: number | undefined
  guestUids?: { first: number; count: number } | undefined
  importerUid?: number | undefined
  importWorker: string
  /** Networks, `loopback` or `private`: what imports of disk images may not reach. */
  importDeny: readonly string[]
}

/** How the cluster process reaches a node's agent. */
export interface AgentAddress {
  nodeName: string
  socketPath: string
}

export interface ClusterConfig {
  process: 'cluster'
  databasePath: string
  /** base64 of 32 bytes */
  encryptionKey: string
  /** Replaced keys, as `encryptionKey`, and the file of theirs to remove once nothing needs them. */
  olderEncryptionKeys?: { keys: string[]; file: string } | undefined
  /** What is to be replaced at this start where the file of that request is there; removed when it has been. */
  rotations: { what: 'signing-key' | 'client-ca'; file: string }[]
  users: StaticUser[]
  engineToken: string
  socketPath: string
  /** PEM; handed to workloads as `kube-root-ca.crt`. */
  caCertificate: string
  /** Absent when the cluster serves this instance's own processes alone. */
  https?: { host: string; port: number; certificate: string; key: string; advertisedUrl: string }
  agents: AgentAddress[]
  /** The demo guest's image, handed out without sign-in when it is there. */
  demoImage: string
  /** The schemas that the build put beside the bundle. */
  schemasDirectory: string
  runEngine: boolean
  /** The controllers that work in every cluster run here, too. */
  runPlatform: boolean
  version: string
}

export interface ConsoleConfig {
  process: 'console'
  /** Where `.next` and `node_modules` are. */
  root: string
  host: string
  port: number
  tls?: { certificate: string; key: string } | undefined
  publicHosts: string[]
  connection:
    | { type: 'socket'; name: string; socketPath: string; token: string }
    /** Without `contexts` all of the file. */
    | { type: 'kubeconfig'; kubeconfig: string; contexts?: readonly string[] | undefined }
    | InClusterAddress
  /** In a cluster: where the records are; undefined: the pod's own. */
  namespace?: string | undefined
  /** Lets a Prometheus on another host read the figures. */
  metricsToken?: string | undefined
  /** In a cluster: where other replicas reach this one; undefined: there are none. */
  peerAddress?: string | undefined
  signIn: SignInSettings
  /** Whether kubeconfig connections are meant to impersonate people. */
  impersonate: boolean
  stateDirectory: string
  loginUrlFile: string
  version: string
}

/** The operator without a console. */
export interface PlatformConfig {
  process: 'platform'
  connection: InClusterAddress | { type: 'kubeconfig'; name: string; kubeconfig: string; context?: string | undefined }
  /** Where the Lease is; undefined: the pod's own, outside a cluster that of deploy/. */
  namespace?: string | undefined
  /** The first part of this replica's name in the Lease. */
  candidate: string
  /** Where health and metrics are answered, without sign-in and TLS; undefined: nowhere. */
  health?: { host: string; port: number }
  version: string
}

export type ProcessConfig = AgentConfig | ClusterConfig | ConsoleConfig | PlatformConfig

/** A server's certificate with those of its authorities, and its key: PEM both. */
export interface TlsPair {
  certificate: string
  key: string
}

export type ParentMessage =
  | { type: 'start'; config: ProcessConfig }
  /** Renewed: for new connections from now on. */
  | { type: 'tls'; pair: TlsPair }
  | { type: 'stop' }
  /** To the cluster process: stop the engine, shut every guest of these nodes down, and tell when that is done. */
  | { type: 'shut-down-machines'; agents: AgentAddress[] }

export type ChildMessage =
  | { type: 'ready'; url?: string; loginUrl?: string }
  /** Starting is hopeless; `sentence` is for the person at the terminal. */
  | { type: 'failed'; sentence: string }
  /** How a request goes on, for the person who made it. */
  | { type: 'progress'; line: string }
  | { type: 'done' }
  | { type: 'refused'; sentence: string }
