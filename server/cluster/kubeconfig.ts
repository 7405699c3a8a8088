import { readFileSync } from 'node:fs'
import type { Agent, OutgoingHttpHeaders } from 'node:http'
import type { RequestOptions } from 'node:https'
import { dirname, resolve } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { z } from 'zod'
import type { Connection } from './connection'
import { type Credentials, createTlsConnection, type TlsMaterial } from './tls-connection'

export interface KubeconfigConnectionOptions {
  /** The `<cluster>` of URLs. */
  name: string
  kubeconfigPath: string
  /** Left out: the file's current context. */
  context?: string | undefined
}

export interface KubeconfigConnection extends Connection {
  /** The context in use. */
  readonly context: string
  /** The name of the kubeconfig's user entry: for people, not an identity. */
  readonly user: string
  readonly server: string
}

/** The kubeconfig cannot be used; the message is one sentence for people. */
export class KubeconfigError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'KubeconfigError'
  }
}

/** Files named by a kubeconfig (certificates, tokens) are rotated in place: read again after this long. */
const staticCredentialsMs = 60_000
/** Exec plugins and refresh tokens keep their own cache; asking it costs a little, so it is asked this often. */
const dynamicCredentialsMs = 5_000
/** After a 401 the kubeconfig is read again, at most this often. */
const reloadIntervalMs = 10_000

/**
 * A connection with the identity of a kubeconfig: client certificates, tokens and token files, basic, exec plugins, OIDC,
 * custom CA, `tls-server-name`, `insecure-skip-tls-verify`, `proxy-url`. Throws KubeconfigError when the file is unusable.
 */
export function createKubeconfigConnection(options: KubeconfigConnectionOptions): KubeconfigConnection {
  let config = loadKubeconfig(options)
  let loadedAt = Date.now()
  let cached: { credentials: Promise<Credentials>; until: number } | undefined
  const cluster = config.getCurrentCluster()
  const server = serverUrl(cluster?.server, options.kubeconfigPath)

  function credentials(): Promise<Credentials> {
    if (cached && Date.now() < cached.until) return cached.credentials
    const user = config.getCurrentUser()
    const dynamic = user?.exec != null || user?.authProvider != null
    const fresh = readCredentials(config)
    cached = { credentials: fresh, until: Date.now() + (dynamic ? dynamicCredentialsMs : staticCredentialsMs) }
    // A failure is told to everyone who waits for it, but the next request tries again.
    fresh.catch(() => {
      if (cached?.credentials === fresh) cached = undefined
    })
    return fresh
  }

  function reload(): void {
    if (Date.now() - loadedAt < reloadIntervalMs) return
    loadedAt = Date.now()
    cached = undefined
    try {
      config = loadKubeconfig(options)
    } catch (error) {
      // Someone may be writing the file right now; the credentials in memory stay until the next 401.
      if (!(error instanceof KubeconfigError)) throw error
    }
  }

  const connection = createTlsConnection({ name: options.name, server, credentials, onUnauthorized: reload })
  return {
    ...connection,
    context: config.getCurrentContext(),
    user: config.getCurrentUser()?.name ?? '',
    server: server.href.replace(/\/$/, ''),
  }
}

async function readCredentials(config: KubeConfig): Promise<Credentials> {
  const request: RequestOptions = { headers: {} }
  await config.applyToHTTPSOptions(request)
  // We started with an object and KubeConfig only adds string values to it.
  const headers = { ...request.headers } as OutgoingHttpHeaders
  for (const [name, value] of Object.entries(headers)) {
    // A token file ends with a newline as a rule, which no header may.
    if (typeof value === 'string') headers[name] = value.trim()
  }
  if (request.auth) headers['authorization'] = `Basic ${Buffer.from(request.auth).toString('base64')}`
  const tls: TlsMaterial = {}
  // KubeConfig sets single buffers or strings here, never the lists that Node's type allows too.
  const { ca, cert, key } = request as { ca?: Buffer; cert?: Buffer | string; key?: Buffer | string }
  if (ca) tls.ca = ca
  if (cert) tls.cert = cert
  if (key) tls.key = key
  if (request.servername) tls.servername = request.servername
  if (request.rejectUnauthorized !== undefined) tls.rejectUnauthorized = request.rejectUnauthorized
  const proxied = config.getCurrentCluster()?.proxyUrl
  // With a proxy the agent is the proxy's, never a boolean.
  return proxied ? { headers, tls, agent: request.agent as Agent } : { headers, tls }
}

const kubeconfigFile = z.looseObject({
  clusters: z.array(z.looseObject({ name: z.string(), cluster: z.looseObject({ server: z.string() }) })),
  contexts: z.array(z.looseObject({ name: z.string() })),
  users: z.array(z.looseObject({ name: z.string(), user: z.looseObject({}).nullish() })).nullish(),
  'current-context': z.string().optional(),
})

function loadKubeconfig({ kubeconfigPath, context }: KubeconfigConnectionOptions): KubeConfig {
  const file = parseKubeconfig(kubeconfigPath)
  const directory = dirname(resolve(kubeconfigPath))
  for (const { user } of file.users ?? []) {
    if (user) completeUser(user, directory)
  }
  for (const { cluster } of file.clusters) {
    // KubeConfig refuses plain HTTP unless verification, which it does not have, is off; kubectl accepts it.
    if (cluster.server.startsWith('http:')) cluster['insecure-skip-tls-verify'] = true
  }
  const config = new KubeConfig()
  config.loadFromString(JSON.stringify({ ...file, users: file.users ?? [] }))
  config.makePathsAbsolute(directory)
  if (context !== undefined) config.setCurrentContext(context)
  const wanted = config.getCurrentContext()
  if (!wanted) throw new KubeconfigError(`${kubeconfigPath} has no current context; name one with --context.`)
  if (!config.getContextObject(wanted)) {
    const names = config.getContexts().map(({ name }) => name)
    throw new KubeconfigError(`${kubeconfigPath} has no context "${wanted}" (it has: ${names.join(', ') || 'none'}).`)
  }
  if (!config.getCurrentCluster()) {
    throw new KubeconfigError(
      `The context "${wanted}" in ${kubeconfigPath} names a cluster that the file does not have.`,
    )
  }
  return config
}

function parseKubeconfig(path: string): z.infer<typeof kubeconfigFile> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new KubeconfigError(`The kubeconfig ${path} cannot be read: ${reason}.`, { cause: error })
  }
  try {
    return kubeconfigFile.parse(parse(text))
  } catch (error) {
    throw new KubeconfigError(`${path} is not a kubeconfig.`, { cause: error })
  }
}

/** Adds what client-go understands and KubeConfig does not: `tokenFile`, and the environment of exec plugins. */
function completeUser(user: Record<string, unknown>, directory: string): void {
  const tokenFile = user['tokenFile']
  if (typeof tokenFile === 'string' && user['token'] === undefined) {
    user['auth-provider'] = { name: 'tokenFile', config: { tokenFile: resolve(directory, tokenFile) } }
  }
  const exec = z.looseObject({ apiVersion: z.string(), env: z.array(z.unknown()).nullish() }).safeParse(user['exec'])
  if (exec.success) {
    const { apiVersion, env } = exec.data
    const info = JSON.stringify({ apiVersion, kind: 'ExecCredential', spec: { interactive: false } })
    user['exec'] = { ...exec.data, env: [...(env ?? []), { name: 'KUBERNETES_EXEC_INFO', value: info }] }
  }
}

function serverUrl(server: string | undefined, path: string): URL {
  const url = server !== undefined && URL.canParse(server) ? new URL(server) : undefined
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw new KubeconfigError(`${path} names no usable API server address (${server ?? 'none'}).`)
  }
  return url
}
