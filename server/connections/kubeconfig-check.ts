import { isIP } from 'node:net'
import { parseDocument } from 'yaml'
import { z } from 'zod'
import { type ConnectionTest, maxKubeconfigBytes } from '@/contract/connections'
import { isLinkLocal } from '@/server/cluster/link-local'

/** A kubeconfig that is safe to keep: one context with what belongs to it, and nothing that runs or reads anything here. */
export interface CheckedKubeconfig {
  /** JSON, which is YAML too: only what was understood. */
  text: string
  context: string
  contexts: string[]
  server: string
  user: string
  warnings: ConnectionTest['warnings']
}

/** Why a kubeconfig is not taken; the message is for people and repeats no secret. */
export class KubeconfigRefused extends Error {
  override name = 'KubeconfigRefused'
}

const text = z.string().max(64 * 1024)
const name = z.string().min(1).max(253)
const fileSchema = z.looseObject({
  clusters: z.array(z.looseObject({ name, cluster: z.looseObject({ server: z.string().max(2048) }) })).max(200),
  contexts: z
    .array(z.looseObject({ name, context: z.looseObject({ cluster: name, user: name.nullish() }) }))
    .min(1)
    .max(200),
  users: z
    .array(z.looseObject({ name, user: z.looseObject({}).nullish() }))
    .max(200)
    .nullish(),
  'current-context': z.string().max(253).nullish(),
})
/** What is kept of a cluster and of a user; everything else is refused by name or left out. */
const clusterSchema = z.object({
  server: z.string().max(2048),
  'certificate-authority-data': text.optional(),
  'insecure-skip-tls-verify': z.boolean().optional(),
  'tls-server-name': z.string().max(253).optional(),
  'proxy-url': z.string().max(2048).optional(),
})
const userSchema = z.object({
  'client-certificate-data': text.optional(),
  'client-key-data': text.optional(),
  token: text.optional(),
  username: z.string().max(253).optional(),
  password: z.string().max(4096).optional(),
})

const files = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile']
const actsAs = ['as', 'as-uid', 'as-groups', 'as-user-extra']

/**
 * Reads a kubeconfig that somebody sent. The console keeps it for good and uses it with its own network, so: no programs
 * (exec plugins, auth providers), no files of this host, no addresses where clouds keep metadata, plain HTTP to this very
 * host alone. Throws KubeconfigRefused.
 */
export function checkKubeconfig(source: string, wantedContext: string | undefined): CheckedKubeconfig {
  const file = fileSchema.safeParse(parseBounded(source))
  if (!file.success)
    throw new KubeconfigRefused('This is no kubeconfig: clusters, contexts or users are not as they should be.')
  const contexts = file.data.contexts.map((context) => context.name)
  const context = chooseContext(contexts, wantedContext ?? file.data['current-context'] ?? undefined, wantedContext)
  const { cluster, user, userName } = selectParts(file.data, context)
  refuseWhatReachesOut({ ...cluster, ...user })
  const kept = { cluster: clusterSchema.safeParse(cluster), user: userSchema.safeParse(user) }
  if (!kept.cluster.success || !kept.user.success) {
    throw new KubeconfigRefused(`The cluster or the user of "${context}" has a setting of the wrong kind.`)
  }
  const server = checkServer(kept.cluster.data.server)
  const proxied = kept.cluster.data['proxy-url']
  if (proxied !== undefined) checkProxy(proxied)
  return {
    text: JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'cluster', cluster: kept.cluster.data }],
      users: [{ name: userName, user: kept.user.data }],
      contexts: [{ name: context, context: { cluster: 'cluster', user: userName } }],
      'current-context': context,
    }),
    context,
    contexts,
    server: server.host,
    user: userName,
    warnings: warningsOf(server, kept.cluster.data),
  }
}

function selectParts(file: z.output<typeof fileSchema>, context: string) {
  const parts = file.contexts.find((candidate) => candidate.name === context)?.context
  const cluster = file.clusters.find((candidate) => candidate.name === parts?.cluster)?.cluster
  if (!cluster) throw new KubeconfigRefused(`The context "${context}" names a cluster that the file does not have.`)
  const user = file.users?.find((candidate) => candidate.name === parts?.user)?.user ?? {}
  return { cluster, user, userName: parts?.user ?? 'none' }
}

function warningsOf(server: URL, cluster: z.output<typeof clusterSchema>): ConnectionTest['warnings'] {
  const warnings: ConnectionTest['warnings'] = []
  if (server.protocol === 'http:') warnings.push('plainHttp')
  else if (cluster['insecure-skip-tls-verify']) warnings.push('insecureTls')
  if (cluster['proxy-url'] !== undefined) warnings.push('proxied')
  return warnings
}

function parseBounded(source: string): unknown {
  if (Buffer.byteLength(source) > maxKubeconfigBytes) {
    throw new KubeconfigRefused(`A kubeconfig may hold ${maxKubeconfigBytes / 1024} KiB.`)
  }
  // No kubeconfig nests deeply; a parser that recurses must not be led to the end of its stack.
  if (isNestedDeeply(source)) throw new KubeconfigRefused('The file is nested too deeply for a kubeconfig.')
  try {
    const document = parseDocument(source, { uniqueKeys: true, merge: false, logLevel: 'silent' })
    const [problem] = document.errors
    if (problem)
      throw new KubeconfigRefused(`The file is no YAML: ${problem.code} in line ${problem.linePos?.[0].line ?? '?'}.`)
    // Aliases would let a few lines unfold to gigabytes; kubeconfigs have none.
    return document.toJS({ maxAliasCount: 0 })
  } catch (error) {
    if (error instanceof ReferenceError)
      throw new KubeconfigRefused('A kubeconfig may not use YAML aliases.', { cause: error })
    if (error instanceof RangeError) throw new KubeconfigRefused('The file is nested too deeply.', { cause: error })
    throw error
  }
}

/** Brackets and dashes, wherever they stand: base64, names and addresses have none that would add up. */
function isNestedDeeply(source: string): boolean {
  let depth = 0
  for (const [sign] of source.matchAll(/[[\]{}]/g)) {
    depth = Math.max(0, depth + (sign === '[' || sign === '{' ? 1 : -1))
    if (depth > deepest) return true
  }
  return /(?:[-?:][ \t]+){40}/.test(source)
}

const deepest = 40

function chooseContext(contexts: readonly string[], context: string | undefined, wanted: string | undefined): string {
  if (context !== undefined && contexts.includes(context)) return context
  if (wanted !== undefined) throw new KubeconfigRefused(`The file has no context "${wanted}".`)
  // The schema asks for at least one.
  return contexts[0] ?? ''
}

function refuseWhatReachesOut(settings: Readonly<Record<string, unknown>>): void {
  const has = (key: string) => settings[key] !== undefined && settings[key] !== null
  if (has('exec')) {
    throw new KubeconfigRefused(
      'This user signs in by a program (exec), which the console does not run for anybody. Use a kubeconfig with a token or a client certificate, for example of a service account.',
    )
  }
  if (has('auth-provider')) {
    throw new KubeconfigRefused(
      'This user signs in by an auth-provider, which the console does not use. Use a token or a client certificate.',
    )
  }
  const file = files.find(has)
  if (file) {
    throw new KubeconfigRefused(
      `The setting ${file} names a file. Make a kubeconfig that holds everything itself: kubectl config view --raw --flatten --minify.`,
    )
  }
  const acting = actsAs.find(has)
  if (acting) throw new KubeconfigRefused(`The setting ${acting} (acting as somebody else) is not supported.`)
}

function checkServer(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw new KubeconfigRefused('The address of the API server must begin with https://.')
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new KubeconfigRefused('The address of the API server may hold no user, query or fragment.')
  }
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    throw new KubeconfigRefused(
      'Plain HTTP is only for API servers on this very host; over a network the address must begin with https://.',
    )
  }
  refuseLinkLocal(url.hostname, 'API server')
  return url
}

function checkProxy(address: string): void {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (!url || !/^(?:https?|socks5):$/.test(url.protocol))
    throw new KubeconfigRefused('The proxy-url is no address of a proxy.')
  refuseLinkLocal(url.hostname, 'proxy')
}

function refuseLinkLocal(host: string, what: string): void {
  if (isLinkLocal(host))
    throw new KubeconfigRefused(`The address of the ${what} is a link-local one, which is not allowed.`)
}

function isLoopbackHost(host: string): boolean {
  const plain = host.replace(/^\[|\]$/g, '')
  return plain === 'localhost' || plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'))
}
