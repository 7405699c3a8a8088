// @ts-check
import { parseArgs } from 'node:util'

/**
 * Every option of `npm start`. The server parses and checks the values; here they are known by name, so that a typing
 * mistake is answered before minutes of set-up, and explained in the help. `value` is absent for flags.
 * @type {Record<string, { value?: string, help: string }>}
 */
export const startOptions = {
  port: { value: 'N', help: 'port of the web console (8006)' },
  host: { value: 'ADDRESS', help: 'address to listen on (127.0.0.1); others than loopback are served over TLS' },
  'api-port': { value: 'N', help: 'port of the embedded Kubernetes API (the console’s port + 1)' },
  'public-host': { value: 'NAMES', help: 'further names, comma-separated, under which browsers reach the console' },
  'insecure-http': { help: 'plain HTTP even on an address that other computers reach' },
  home: { value: 'DIR', help: 'where all state lives (/var/lib/chiave as root, else ~/.local/share/chiave)' },
  cluster: { value: 'KIND', help: 'embedded (default), kubeconfig or in-cluster' },
  kubeconfig: { value: 'FILE', help: 'with --cluster kubeconfig: the file to use (KUBECONFIG, else ~/.kube/config)' },
  context: {
    value: 'NAME',
    help: 'with --cluster kubeconfig: the contexts to use, separated by commas (all of the file)',
  },
  'service-account': {
    value: 'DIR',
    help: 'with --cluster in-cluster: token, ca.crt and namespace (where pods have them)',
  },
  namespace: { value: 'NAME', help: 'in a cluster: Chiave’s own namespace (the pod’s)' },
  'metrics-token-file': { value: 'FILE', help: 'with the token in it others than this host read /metrics' },
  'metrics-port': { value: 'N', help: 'with --run platform alone: port of its health and metrics (none)' },
  'import-deny': { value: 'LIST', help: 'what imports may not reach: networks like 10.0.0.0/8, loopback, private' },
  'tls-certificate': {
    value: 'FILE',
    help: 'the console’s own certificate with its chain, PEM; read again when it changes',
  },
  'tls-key': { value: 'FILE', help: 'its key' },
  'oidc-config': { value: 'FILE', help: 'identity providers (OpenID Connect) to sign in with; see docs/sign-in.md' },
  'trusted-proxy': { value: 'LIST', help: 'addresses or networks of reverse proxies that say who people are' },
  'proxy-user-header': { value: 'NAME', help: 'the header with the person’s name (x-remote-user)' },
  'proxy-groups-header': { value: 'NAME', help: 'the header with the person’s groups, separated by commas (none)' },
  'proxy-secret-file': { value: 'FILE', help: 'what such a proxy must send as x-chiave-proxy-secret' },
  'admin-group': { value: 'LIST', help: 'groups whose members administer the console' },
  impersonate: { help: 'with --cluster kubeconfig: act as each person by impersonation' },
  nodes: { value: 'N', help: 'number of nodes of the embedded cluster (1; more are not available in this version)' },
  run: { value: 'PARTS', help: 'parts to run: console,platform,api,engine (all)' },
  'stop-vms': { help: 'shut the guests of this home down, then end' },
  'install-service': { help: 'install Chiave as a service of this host (not available in this version)' },
  'uninstall-service': { help: 'remove that service (not available in this version)' },
  'no-install': { help: 'only list what the set-up would install, then end (exit code 1 if anything is missing)' },
  help: { help: 'show this help' },
  version: { help: 'show the version' },
}

/**
 * What the server refuses in any case is refused here in its words, before minutes of set-up.
 * @type {Record<string, (value: string | boolean) => string | undefined>}
 */
const refusals = {
  nodes: (value) =>
    Number(value) > 1
      ? `--nodes ${value}: this version runs one node; leave --nodes out, or connect to a cluster of several with --cluster kubeconfig.`
      : undefined,
  'install-service': () =>
    '--install-service is not available in this version; start Chiave from a service unit of your own, with KillMode=process so that guests outlive it.',
  'uninstall-service': () =>
    '--uninstall-service is not available in this version, as Chiave installs no service; stop and remove the unit that you made yourself.',
}

/** A mistake on the command line, as one sentence. */
export class UsageError extends Error {
  /** @override */
  name = 'UsageError'
}

/**
 * Reads what the set-up itself needs to know from the command line and `CHIAVE_*`; the command line wins.
 * @param {readonly string[]} argv
 * @param {NodeJS.ProcessEnv} env
 */
export function parseStartOptions(argv, env) {
  const options = Object.fromEntries(
    Object.entries(startOptions).map(([name, { value }]) => [
      name,
      { type: /** @type {'string' | 'boolean'} */ (value === undefined ? 'boolean' : 'string') },
    ]),
  )
  const given = readArguments(argv, options)
  /** @param {string} name */
  const text = (name) => {
    const value = given[name] ?? env[`CHIAVE_${name.toUpperCase().replaceAll('-', '_')}`]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  /** @param {string} name */
  const flag = (name) => given[name] === true || /^(1|true|yes|on)$/i.test(text(name) ?? '')

  refuse(given, text)
  const cluster = text('cluster') ?? 'embedded'
  if (!['embedded', 'kubeconfig', 'in-cluster'].includes(cluster)) {
    throw new UsageError(`--cluster is embedded, kubeconfig or in-cluster, not "${cluster}".`)
  }
  const parts = (text('run') ?? 'console,platform,api,engine').split(',').map((part) => part.trim())
  const embedded = cluster === 'embedded'
  return {
    cluster,
    home: text('home'),
    /** The embedded API server keeps its objects with a native module. */
    needsDatabase: embedded && parts.includes('api'),
    needsHypervisor: embedded && parts.includes('engine'),
    noInstall: flag('no-install'),
    help: flag('help'),
    version: flag('version'),
  }
}

/**
 * @param {Record<string, string | boolean | undefined>} given
 * @param {(name: string) => string | undefined} text
 */
function refuse(given, text) {
  if (given['help'] === true || given['version'] === true) return
  for (const [name, sentence] of Object.entries(refusals)) {
    const value = given[name] ?? (startOptions[name]?.value === undefined ? undefined : text(name))
    const refusal = value === undefined ? undefined : sentence(value)
    if (refusal !== undefined) throw new UsageError(refusal)
  }
}

/**
 * @param {readonly string[]} argv
 * @param {Record<string, { type: 'string' | 'boolean' }>} options
 * @returns {Record<string, string | boolean | undefined>}
 */
function readArguments(argv, options) {
  try {
    return { ...parseArgs({ args: [...argv], options, strict: true, allowPositionals: false }).values }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new UsageError(`${message.replace(/\. To specify.*$/s, '').replace(/\.?$/, '.')} See npm start -- --help.`)
  }
}

/** The text of `npm start -- --help`. */
export function helpText() {
  const rows = Object.entries(startOptions).map(([name, { value, help }]) => [
    `--${name}${value === undefined ? '' : ` ${value}`}`,
    help,
  ])
  const width = Math.max(...rows.map(([name]) => (name ?? '').length))
  return [
    'npm start -- [options]',
    '',
    'Sets up what is missing, builds, and starts Chiave. Ctrl-C stops it; guests keep running.',
    '',
    ...rows.map(([name, help]) => `  ${(name ?? '').padEnd(width)}  ${help}`),
    '',
    'Each option is also read from the environment: CHIAVE_PORT, CHIAVE_HOME, CHIAVE_CLUSTER, …',
  ].join('\n')
}
