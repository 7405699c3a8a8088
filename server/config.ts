import os from 'node:os'
import path from 'node:path'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import ipaddr from 'ipaddr.js'
import * as z from 'zod'
import { StartError } from './start-error'

/** The parts of Chiave that one `npm start` can run; see docs/architecture.md. */
export const parts = ['console', 'platform', 'api', 'engine'] as const
export type Part = (typeof parts)[number]

/** As `process.env`, without the variables that frameworks declare as always there. */
export type Environment = Readonly<Record<string, string | undefined>>

const port = z.coerce.number().int().min(1).max(65535)

/** RFC 9110; Node gives names in lower case. Those that something else depends on are nobody's name. */
const headerName = z
  .string()
  .regex(/^[\w!#$%&'*+.^`|~-]+$/, 'not the name of a header')
  .transform((name) => name.toLowerCase())
  .refine(
    (name) => !/^(host|cookie|authorization|origin|connection|upgrade|content-.*|sec-.*)$/.test(name),
    'not a header for this',
  )

const optionSchema = z.object({
  port: port.default(8006),
  host: z.string().min(1).default('127.0.0.1'),
  'api-port': port.optional(),
  run: z.string().default(parts.join(',')),
  home: z.string().min(1).optional(),
  cluster: z.enum(['embedded', 'kubeconfig', 'in-cluster']).default('embedded'),
  kubeconfig: z.string().min(1).optional(),
  context: z.string().min(1).optional(),
  nodes: z.coerce.number().int().min(1).max(16).default(1),
  'public-host': z.string().optional(),
  'insecure-http': z.stringbool().default(false),
  'metrics-port': port.optional(),
  'metrics-token-file': z.string().min(1).optional(),
  namespace: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'not the name of a namespace')
    .optional(),
  'service-account': z.string().min(1).optional(),
  'import-deny': z.string().default(''),
  'stop-vms': z.stringbool().default(false),
  'tls-certificate': z.string().min(1).optional(),
  'tls-key': z.string().min(1).optional(),
  'oidc-config': z.string().min(1).optional(),
  'trusted-proxy': z.string().default(''),
  'proxy-user-header': headerName.default('x-remote-user'),
  'proxy-groups-header': headerName.optional(),
  'proxy-secret-file': z.string().min(1).optional(),
  'admin-group': z.string().default(''),
  impersonate: z.stringbool().default(false),
})

export interface Config {
  port: number
  host: string
  apiPort: number
  run: ReadonlySet<Part>
  /** Absolute. */
  home: string
  cluster: 'embedded' | 'kubeconfig' | 'in-cluster'
  kubeconfig: string | undefined
  /** Of the kubeconfig; undefined: all of them. */
  contexts: readonly string[] | undefined
  nodes: number
  /** Host names besides the bound address under which browsers may reach the console. */
  publicHosts: readonly string[]
  /** Plain HTTP on an address that other hosts reach: only by this explicit flag. */
  insecureHttp: boolean
  /** Absolute; with the token in it a Prometheus on another host reads the console's figures. */
  metricsTokenFile: string | undefined
  /** Where an operator without console answers for its health; undefined: nowhere. */
  metricsPort: number | undefined
  /** Chiave's own namespace in a cluster; undefined: the pod's. */
  namespace: string | undefined
  /** Absolute; where the pod's service account is; undefined: where every pod has it. */
  serviceAccount: string | undefined
  /** Networks, `loopback` or `private`: what imports of disk images may not reach. */
  importDeny: readonly string[]
  stopVms: boolean
  /** The person's own certificate for the console; undefined: one of this instance's authority where TLS is needed. */
  tlsFiles: { certificate: string; key: string } | undefined
  signIn: {
    oidcConfig: string | undefined
    /** Addresses and networks whose word about who somebody is counts. */
    trustedProxies: readonly string[]
    /** Lower case. */
    proxyUserHeader: string
    proxyGroupsHeader: string | undefined
    proxySecretFile: string | undefined
    adminGroups: readonly string[]
    /** Whether the kubeconfig's identity is meant to impersonate people. */
    impersonate: boolean
  }
}

/** Options that `scripts/start.mjs` handles before the server is there; accepted and ignored here. */
const setUpOptions = ['no-install']

/** Known, but without an implementation yet: refused with what to do instead. As in `scripts/setup/options.mjs`. */
const unavailable: Record<string, string> = {
  'install-service':
    '--install-service is not available in this version; start Chiave from a service unit of your own, with KillMode=process so that guests outlive it.',
  'uninstall-service':
    '--uninstall-service is not available in this version, as Chiave installs no service; stop and remove the unit that you made yourself.',
}

/** Every option of the command line, whoever answers it. */
export const optionNames = [...Object.keys(optionSchema.shape), ...setUpOptions, ...Object.keys(unavailable)]

/** Options without a value. */
export const flagNames = ['insecure-http', 'stop-vms', 'impersonate', ...setUpOptions, ...Object.keys(unavailable)]

/**
 * Parses the command line and `CHIAVE_*` once. The command line wins. Throws a StartError that names the option.
 * A `KUBECONFIG` in the environment is read only with `--cluster kubeconfig`, so that it never selects a cluster.
 */
export function parseConfig(argv: readonly string[], env: Environment): Config {
  const options = optionSchema.safeParse({ ...fromEnvironment(env), ...fromArguments(argv) })
  if (!options.success) {
    const issue = options.error.issues[0]
    throw new StartError(
      `--${issue?.path.join('.') ?? '?'}: ${issue?.message ?? 'not understood'}. See npm start -- --help.`,
    )
  }
  const given = options.data
  refuseUnfinished(given)
  const apiPort = given['api-port'] ?? given.port + 1
  if (apiPort === given.port) throw new StartError('--api-port must differ from --port.')
  if (apiPort > 65535) throw new StartError('--api-port: 65536 is no port; name one with --api-port.')
  return {
    port: given.port,
    host: given.host,
    apiPort,
    run: parseParts(given.run),
    home: path.resolve(given.home ?? defaultHome(env)),
    cluster: given.cluster,
    kubeconfig: given.kubeconfig ?? (given.cluster === 'kubeconfig' ? env['KUBECONFIG'] : undefined),
    contexts: given.context
      ?.split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
    nodes: given.nodes,
    publicHosts: (given['public-host'] ?? '').split(',').filter((host) => host !== ''),
    insecureHttp: given['insecure-http'],
    metricsPort: given['metrics-port'],
    metricsTokenFile: absolute(given['metrics-token-file']),
    namespace: given.namespace,
    serviceAccount: absolute(given['service-account']),
    importDeny: parseDenied(given['import-deny']),
    stopVms: given['stop-vms'],
    tlsFiles: tlsFilesOf(given),
    signIn: signInOf(given),
  }
}

function refuseUnfinished(given: z.infer<typeof optionSchema>): void {
  if (given.nodes > 1) {
    throw new StartError(
      `--nodes ${given.nodes}: this version runs one node; leave --nodes out, or connect to a cluster of several with --cluster kubeconfig.`,
    )
  }
  if (given['stop-vms'] && given.cluster !== 'embedded') {
    throw new StartError(
      `--stop-vms shuts down the guests of the embedded cluster; with --cluster ${given.cluster} stop machines in that cluster.`,
    )
  }
}

/** `/var/lib/chiave` as root, otherwise `${XDG_DATA_HOME:-~/.local/share}/chiave`. */
export function defaultHome(env: Environment): string {
  if (process.getuid?.() === 0) return '/var/lib/chiave'
  return path.join(env['XDG_DATA_HOME'] || path.join(os.homedir(), '.local', 'share'), 'chiave')
}

function fromArguments(argv: readonly string[]): Record<string, string> {
  const options = Object.fromEntries(
    optionNames.map((name) => [name, { type: flagNames.includes(name) ? 'boolean' : 'string' } as const]),
  )
  const values = readArguments(argv, options)
  for (const [name, sentence] of Object.entries(unavailable)) {
    if (values[name] !== undefined) throw new StartError(sentence)
  }
  return Object.fromEntries(
    Object.entries(values)
      .filter(([name]) => !setUpOptions.includes(name))
      .map(([name, value]) => [name, String(value)]),
  )
}

function readArguments(argv: readonly string[], options: NonNullable<ParseArgsConfig['options']>) {
  try {
    return parseArgs({ args: [...argv], options, strict: true }).values
  } catch (error) {
    const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    throw new StartError(`${message.replace(/\. To specify.*$/, '')}. See npm start -- --help.`)
  }
}

function fromEnvironment(env: Environment): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of Object.keys(optionSchema.shape)) {
    const value = env[`CHIAVE_${name.toUpperCase().replaceAll('-', '_')}`]
    if (value !== undefined && value !== '') found[name] = value
  }
  return found
}

function tlsFilesOf(given: z.infer<typeof optionSchema>): Config['tlsFiles'] {
  const { 'tls-certificate': certificate, 'tls-key': key } = given
  if (certificate === undefined && key === undefined) return undefined
  if (certificate === undefined || key === undefined) {
    throw new StartError('--tls-certificate and --tls-key belong together.')
  }
  return { certificate: path.resolve(certificate), key: path.resolve(key) }
}

function signInOf(given: z.infer<typeof optionSchema>): Config['signIn'] {
  const listed = (list: string) => list.split(',').flatMap((entry) => entry.trim() || [])
  const trustedProxies = listed(given['trusted-proxy'])
  for (const peer of trustedProxies) {
    if (!ipaddr.isValid(peer) && !ipaddr.isValidCIDR(peer)) {
      throw new StartError(`--trusted-proxy: "${peer}" is neither an address nor a network like 10.0.0.0/8.`)
    }
  }
  return {
    oidcConfig: given['oidc-config'],
    trustedProxies,
    proxyUserHeader: given['proxy-user-header'],
    proxyGroupsHeader: given['proxy-groups-header'],
    proxySecretFile: given['proxy-secret-file'],
    adminGroups: listed(given['admin-group']),
    impersonate: given.impersonate,
  }
}

function absolute(file: string | undefined): string | undefined {
  return file === undefined ? undefined : path.resolve(file)
}

function parseDenied(list: string): readonly string[] {
  const entries = list.split(',').map((entry) => entry.trim())
  const denied = entries.filter((entry) => entry !== '')
  for (const entry of denied) {
    if (!['loopback', 'private'].includes(entry) && !ipaddr.isValid(entry) && !ipaddr.isValidCIDR(entry)) {
      throw new StartError(`--import-deny: "${entry}" is neither a network like 10.0.0.0/8 nor loopback or private.`)
    }
  }
  return denied
}

function parseParts(list: string): ReadonlySet<Part> {
  const named = list.split(',').map((name) => name.trim())
  for (const name of named) {
    // The cast only widens the constant's type for the look-up.
    if (!(parts as readonly string[]).includes(name)) {
      throw new StartError(`--run: "${name}" is none of ${parts.join(', ')}.`)
    }
  }
  return new Set(parts.filter((part) => named.includes(part)))
}

/** Whether an address is reached from this host alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}
