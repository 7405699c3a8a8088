import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Agent, OutgoingHttpHeaders } from 'node:http'
import type { RequestOptions } from 'node:https'
import { dirname, resolve } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { z } from 'zod'
import type { Connection } from './connection'
import { lookupWithoutLinkLocal } from './link-local'
import { type Credentials, createTlsConnection, type TlsMaterial } from './tls-connection'

export interface KubeconfigConnectionOptions {
  /** The `<cluster>` of URLs. */
  name: string
  /** The file; read again when the API server no longer accepts what it said. */
  kubeconfigPath?: string | undefined
  /** Instead of a file: the text itself, which may name no files. */
  kubeconfigText?: string | undefined
  /** Left out: the file's current context. */
  context?: string | undefined
  /** For kubeconfigs of people who do not own this host: names that lead to link-local addresses are not followed. */
  refuseLinkLocal?: boolean | undefined
}

export interface KubeconfigConnection extends Connection {
  /** The context in use. */
  readonly context: string
  /** The context's namespace, where it names one. */
  readonly namespace: string | undefined
  /** The name of the kubeconfig's user entry: for people, not an identity. */
  readonly user: string
  readonly server: string
  /** When the credentials in use end, milliseconds since the epoch; undefined where neither certificate nor token says. */
  credentialsExpireAt(): number | undefined
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
/** A plugin that waits for a person to type something would hold every request. */
const credentialsWithinMs = 30_000
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
  const server = serverUrl(cluster?.server, sourceName(options))
  let expireAt: number | undefined

  function credentials(): Promise<Credentials> {
    if (cached && Date.now() < cached.until) return cached.credentials
    const user = config.getCurrentUser()
    const dynamic = user?.exec != null || user?.authProvider != null
    const fresh = inTime(readCredentials(config)).then((read) => {
      expireAt = expiryOf(read)
      return read
    })
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

  const connection = createTlsConnection({
    name: options.name,
    server,
    credentials,
    onUnauthorized: reload,
    ...(options.refuseLinkLocal ? { lookup: lookupWithoutLinkLocal } : {}),
  })
  return {
    ...connection,
    context: config.getCurrentContext(),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace,
    user: config.getCurrentUser()?.name ?? '',
    server: server.href.replace(/\/$/, ''),
    credentialsExpireAt: () => expireAt,
  }
}

export interface KubeconfigContext {
  name: string
  /** Equal for equal contexts: changes when the cluster's address, its CA or the user's credentials change. */
  fingerprint: string
}

/** The contexts of a kubeconfig, the one in use first, the others in the file's order. Throws KubeconfigError. */
export function readContexts(kubeconfigPath: string): KubeconfigContext[] {
  const file = parseKubeconfig({ kubeconfigPath })
  const contexts = file.contexts.map((context) => {
    const parts = contextParts.safeParse(context).data?.context
    const cluster = file.clusters.find(({ name }) => name === parts?.cluster)
    const user = file.users?.find(({ name }) => name === parts?.user)
    const fingerprint = createHash('sha256')
      .update(JSON.stringify([context, cluster, user]))
      .digest('hex')
    return { name: context.name, fingerprint }
  })
  const isCurrent = ({ name }: KubeconfigContext) => name === file['current-context']
  return [...contexts.filter(isCurrent), ...contexts.filter((context) => !isCurrent(context))]
}

const contextParts = z.object({ context: z.object({ cluster: z.string().optional(), user: z.string().optional() }) })

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new KubeconfigError('The credentials plugin of the kubeconfig did not answer in time.')),
      credentialsWithinMs,
    )
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Of a client certificate its end, of a token that is a JWT its `exp`: whichever comes first. */
function expiryOf({ headers, tls }: Credentials): number | undefined {
  const ends: number[] = []
  if (tls.cert) ends.push(Date.parse(new X509Certificate(tls.cert).validTo))
  const [, payload] = /^Bearer [\w-]+\.([\w-]+)\./.exec(String(headers['authorization'] ?? '')) ?? []
  const claims = payload === undefined ? undefined : readClaims(payload)
  if (claims?.exp !== undefined) ends.push(claims.exp * 1000)
  const known = ends.filter(Number.isFinite)
  return known.length === 0 ? undefined : Math.min(...known)
}

function readClaims(payload: string): { exp?: number | undefined } | undefined {
  try {
    return z
      .object({ exp: z.number().optional() })
      .parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')))
  } catch (error) {
    // A token of another kind: what it is is between the API server and whoever issued it.
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined
    throw error
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

function sourceName({ kubeconfigPath }: Pick<KubeconfigConnectionOptions, 'kubeconfigPath'>): string {
  return kubeconfigPath ?? 'The kubeconfig'
}

function loadKubeconfig(options: KubeconfigConnectionOptions): KubeConfig {
  const { kubeconfigPath = '', context } = options
  const file = parseKubeconfig(options)
  const source = sourceName(options)
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
  if (!wanted) throw new KubeconfigError(`${source} has no current context; name one with --context.`)
  if (!config.getContextObject(wanted)) {
    const names = config.getContexts().map(({ name }) => name)
    throw new KubeconfigError(`${source} has no context "${wanted}" (it has: ${names.join(', ') || 'none'}).`)
  }
  if (!config.getCurrentCluster()) {
    throw new KubeconfigError(`The context "${wanted}" in ${source} names a cluster that the file does not have.`)
  }
  return config
}

function parseKubeconfig(
  options: Pick<KubeconfigConnectionOptions, 'kubeconfigPath' | 'kubeconfigText'>,
): z.infer<typeof kubeconfigFile> {
  const { kubeconfigPath: path = '', kubeconfigText } = options
  let text: string
  try {
    text = kubeconfigText ?? readFileSync(path, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new KubeconfigError(`The kubeconfig ${path} cannot be read: ${reason}.`, { cause: error })
  }
  try {
    return kubeconfigFile.parse(parse(text))
  } catch (error) {
    throw new KubeconfigError(`${sourceName(options)} is not a kubeconfig.`, { cause: error })
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
