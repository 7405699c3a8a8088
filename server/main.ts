import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseConfig } from './config'
import { ensureCertificates } from './home/certificates'
import { openHome } from './home/home'
import { askInstance, lockInstance } from './home/instance-lock'
import { runChild } from './processes/child'
import { explainStart, StartError } from './start-error'
import { announce } from './supervisor/announce'
import { buildStop } from './supervisor/build-stop'
import { layOut } from './supervisor/layout'
import type { PartsContext } from './supervisor/parts-context'
import { runWhereReachable } from './supervisor/reachable'
import { keepCertificates } from './supervisor/renew-certificates'
import type { Running } from './supervisor/shut-down-guests'
import { outsideConnection, startConsole } from './supervisor/start-console'
import { certificateHosts, embeddedObstacle, startAgents, startCluster } from './supervisor/start-embedded'
import { runsOperator, startOperator } from './supervisor/start-operator'

/** Starts everything that the command line names; read downwards it is the list of Chiave's parts. */
async function main(argv: readonly string[]): Promise<void> {
  const config = parseConfig(argv, process.env)
  const embedded = config.cluster === 'embedded'
  const obstacle = embedded ? embeddedObstacle() : undefined
  if (obstacle) throw new StartError(obstacle)

  const say = (line: string) => process.stdout.write(`${line}\n`)
  const script = fileURLToPath(import.meta.url)
  const asRoot = embedded && process.getuid?.() === 0
  // Modes are stated where they matter; a narrow umask would lock out the users that root starts the parts as.
  if (asRoot) process.umask(0o022)
  const home = openHome(config.home, { asRoot })
  if (home.uids) {
    const root = path.dirname(path.dirname(script))
    const code = await runWhereReachable({ root, home: config.home, script, argv }, say)
    if (code !== undefined) return process.exit(code)
  }
  const layout = layOut(home, config.nodes)
  if (config.stopVms && (await askInstance(layout.lockSocket, { op: 'stop-vms' }, say))) return

  const context = buildContext({ config, home, layout, script, say })
  const running: Running = { console: [], cluster: [], agents: [] }
  const stop = buildStop({ running, context })
  const lock = await lockInstance(layout.lockSocket, async (_request, answer) => {
    if (!embedded) throw new StartError(`The Chiave of this home runs no guests: it is connected to a cluster.`)
    const tell = (line: string) => {
      say(line)
      answer(line)
    }
    // Ends after the answer, whether or not all went well: the parts have ended.
    await stop({ machines: true, tell }).finally(() => setTimeout(() => process.exit(0), 100))
  })
  const onSignal = () =>
    void stop({ machines: false, tell: say }).then(
      () => process.exit(0),
      () => process.exit(1),
    )
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal).on('SIGHUP', onSignal).on('exit', lock.release)

  if (config.stopVms) {
    await stop({ machines: true, tell: say })
    return process.exit(0)
  }
  try {
    await startParts(context, running)
  } catch (error) {
    await stop({ machines: false, tell: () => undefined })
    throw error
  }
}

function buildContext(parts: Pick<PartsContext, 'config' | 'home' | 'layout' | 'script' | 'say'>): PartsContext {
  const { config, home, script } = parts
  let certificates: ReturnType<PartsContext['certificates']> | undefined
  return {
    ...parts,
    importWorker: path.join(path.dirname(script), 'import-worker.js'),
    version: readVersion(script),
    certificates: () =>
      (certificates ??= ensureCertificates({ directory: home.file('tls'), hosts: certificateHosts(config) })),
  }
}

/** Agents, the API with its engine, then the console on it or on the cluster outside; announces when all are ready. */
async function startParts(context: PartsContext, running: Running): Promise<void> {
  const { config, say } = context
  const embedded = config.cluster === 'embedded'
  if (embedded && config.run.has('engine')) running.agents = startAgents(context)
  const api = embedded && config.run.has('api') ? await startCluster(context) : undefined
  running.cluster = api ? [api.cluster] : []
  const operator = !embedded && runsOperator(config) ? startOperator(context) : undefined
  if (operator) running.console = [operator]
  const ready = () => [...running.agents, ...running.cluster, ...(operator ? [operator] : [])].map((part) => part.ready)
  if (!config.run.has('console')) {
    await Promise.all(ready())
    keepCertificates(context, api ? { api: api.cluster } : {})
    say(`Chiave runs ${[...config.run].join(', ')} without the console.`)
    return
  }
  const connection = api ? ({ type: 'socket', name: 'local', ...api.connection } as const) : outsideConnection(config)
  const { process: console, fingerprint } = await startConsole(context, connection)
  running.console = [console, ...running.console]
  const [consoleReady] = await Promise.all([console.ready, ...ready()])
  // A fingerprint: the console's certificate is one of this instance's own.
  keepCertificates(context, { ...(api ? { api: api.cluster } : {}), ...(fingerprint ? { console } : {}) })
  announce({ config, ready: consoleReady, fingerprint, say })
}

function readVersion(script: string): string {
  // package.json is ours; anything else in its place is a broken installation.
  const found = JSON.parse(fs.readFileSync(path.join(path.dirname(script), '..', 'package.json'), 'utf8')) as {
    version: string
  }
  return found.version
}

async function runProcess(name: string | undefined): Promise<void> {
  // Imported on demand: a console without a cluster must not load the native SQLite module, nor an agent Next.
  switch (name) {
    case 'agent': {
      const { startAgentProcess } = await import('./processes/agent')
      return runChild('agent', (config, context) => startAgentProcess(only(config, 'agent'), context))
    }
    case 'cluster': {
      const { startClusterProcess } = await import('./processes/cluster')
      return runChild('cluster', (config, context) => startClusterProcess(only(config, 'cluster'), context))
    }
    case 'console': {
      const { startConsoleProcess } = await import('./processes/console')
      return runChild('console', (config, context) => startConsoleProcess(only(config, 'console'), context))
    }
    case 'platform': {
      const { startPlatformProcess } = await import('./processes/platform')
      return runChild('platform', (config, context) => startPlatformProcess(only(config, 'platform'), context))
    }
    default:
      throw new StartError(`There is no process called ${name ?? ''}.`)
  }
}

function only<T extends { process: string }, P extends T['process']>(config: T, name: P): Extract<T, { process: P }> {
  if (config.process !== name) throw new Error(`a ${name} process was given the configuration of ${config.process}`)
  // Checked by the line above; the compiler does not narrow a generic union.
  return config as Extract<T, { process: P }>
}

const argv = process.argv.slice(2)
const work = argv[0] === '--process' ? runProcess(argv[1]) : main(argv)
work.catch((error: unknown) => {
  const explained = explainStart(error)
  process.stderr.write(
    `${explained instanceof StartError ? explained.message : (explained.stack ?? explained.message)}\n`,
  )
  process.exit(1)
})
