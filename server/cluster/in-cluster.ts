import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Connection } from './connection'
import { type Credentials, createTlsConnection } from './tls-connection'

/** Where every pod finds its service account (Kubernetes: "Accessing the Kubernetes API from a Pod"). */
export const serviceAccountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount'

export interface InClusterOptions {
  /** The `<cluster>` of URLs. */
  name: string
  /** Holds `token`, `ca.crt` and `namespace`; default: where every pod has them. */
  directory?: string | undefined
  /** Default: the process' own; KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT say where the API server is. */
  environment?: Readonly<Record<string, string | undefined>>
}

export interface InClusterConnection extends Connection {
  /** The pod's namespace. */
  readonly namespace: string
  /** Address of the API server. */
  readonly server: string
}

/** This process does not run in a pod with a service account; the message is one sentence for people. */
export class NotInCluster extends Error {
  override name = 'NotInCluster'
}

/** The kubelet replaces the token long before it ends; client-go reads it every minute as well. */
const rereadMs = 60_000
/** After a 401 the files are read again, at most this often. */
const reloadIntervalMs = 5_000

/**
 * A connection as the pod's service account. Token and CA are read again as they are rotated. Throws NotInCluster when
 * there is no service account or no address.
 */
export function createInClusterConnection(options: InClusterOptions): InClusterConnection {
  const { name, directory = serviceAccountDirectory, environment = process.env } = options
  const server = addressOf(environment)
  const read = (file: string) => readAccountFile(directory, file)
  const namespace = read('namespace').trim()
  let current = load()

  function load(): { credentials: Credentials; readAt: number; stamp: string } {
    const token = read('token').trim()
    if (token === '') throw new NotInCluster(`The service account's token in ${directory} is empty.`)
    return {
      credentials: { headers: { authorization: `Bearer ${token}` }, tls: { ca: read('ca.crt') } },
      readAt: Date.now(),
      stamp: stampOf(directory),
    }
  }

  function refresh(afterMs: number): void {
    if (Date.now() - current.readAt < afterMs) return
    // Unchanged files keep the same material, and with it the open connections.
    if (stampOf(directory) === current.stamp) current.readAt = Date.now()
    else current = load()
  }

  const connection = createTlsConnection({
    name,
    server,
    // A failing read reaches whoever asks: the token that is gone would only be refused.
    credentials: async () => {
      refresh(rereadMs)
      return current.credentials
    },
    onUnauthorized: () => {
      current.readAt = Math.min(current.readAt, Date.now() - rereadMs + reloadIntervalMs)
    },
  })
  return { ...connection, namespace, server: server.origin }
}

function addressOf(environment: Readonly<Record<string, string | undefined>>): URL {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = environment
  const text = `https://${host?.includes(':') ? `[${host}]` : host}:${port}`
  if (!host || !URL.canParse(text)) {
    throw new NotInCluster('This is no pod of a cluster: KUBERNETES_SERVICE_HOST names no API server.')
  }
  return new URL(text)
}

function readAccountFile(directory: string, file: string): string {
  try {
    return readFileSync(join(directory, file), 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new NotInCluster(`The pod has no service account: ${reason}.`, { cause: error })
  }
}

/** The kubelet swaps a link to a new directory: the times of what it points to tell. */
function stampOf(directory: string): string {
  return ['token', 'ca.crt']
    .map((file) => statSync(join(directory, file), { throwIfNoEntry: false })?.mtimeMs ?? 'gone')
    .join('/')
}
