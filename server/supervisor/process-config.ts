import type { StaticUser } from '../home/credentials'

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
}

export interface ClusterConfig {
  process: 'cluster'
  databasePath: string
  /** base64 of 32 bytes */
  encryptionKey: string
  users: StaticUser[]
  engineToken: string
  socketPath: string
  https: { host: string; port: number; certificate: string; key: string; caCertificate: string; advertisedUrl: string }
  agents: { nodeName: string; socketPath: string }[]
  /** The demo guest's image, handed out without sign-in when it is there. */
  demoImage: string
  runEngine: boolean
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
    | { type: 'kubeconfig'; name: string; kubeconfig: string; context?: string | undefined }
  stateDirectory: string
  loginUrlFile: string
  version: string
}

export type ProcessConfig = AgentConfig | ClusterConfig | ConsoleConfig

export type ParentMessage = { type: 'start'; config: ProcessConfig } | { type: 'stop' }

export type ChildMessage =
  | { type: 'ready'; url?: string; loginUrl?: string }
  /** Starting is hopeless; `sentence` is for the person at the terminal. */
  | { type: 'failed'; sentence: string }
