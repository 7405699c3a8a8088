import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseConfig } from './config'
import { openHome } from './home/home'
import { askInstance, lockInstance } from './home/instance-lock'
import { runChild } from './processes/child'
import { explainStart, StartError } from './start-error'
import { announce } from './supervisor/announce'
import { layOut } from './supervisor/layout'
import { runWhereReachable } from './supervisor/reachable'
import { outsideConnection, startConsole } from './supervisor/start-console'
import { embeddedObstacle, type PartsContext, startAgents, startCluster } from './supervisor/start-embedded'
import { runningMachines, stopMachines } from './supervisor/stop-machines'
import type { SupervisedProcess } from './supervisor/supervised-process'

const gracePeriod = 60_000

interface Running {
  console: SupervisedProcess[]
  cluster: SupervisedProcess[]
  agents: SupervisedProcess[]
}

/** Starts everything that the command line names; read downwards it is the list of Chiave's parts. */
async function main(argv: readonly string[]): Promise<void> {
  const config = parseConfig(argv, process.env)
  const embedded = config.cluster === 'embedded'
  const obstacle = embedded ? embeddedObstacle() : undefined
  if (obstacle) throw new StartError(obstacle)

  const say = (line: string) => process.stdout.write(`${line}\n`)
  const script = fileURLToPath(import.meta.url)
  const home = openHome(config.home, { asRoot: embedded && process.getuid?.() === 0 })
  if (home.uids) {
    const code = await runWhereReachable({ root: path.dirname(path.dirname(script)), home: config.home, script, argv })
    if (code !== undefined) return process.exit(code)
  }
  const layout = layOut(home, config.nodes)
  if (config.stopVms && (await askInstance(layout.lockSocket, { op: 'stop-vms' }, say))) return

  const running: Running = { console: [], cluster: [], agents: [] }
  const { stop, signal } = buildStop({
    running,
    home: config.home,
    agentSockets: layout.nodes.map(({ socket }) => socket),
    say,
  })
  const lock = await lockInstance(layout.lockSocket, async (_request, tell) => {
    await stop({ machines: true, tell })
    setTimeout(() => process.exit(0), 100)
  })
  const onSignal = () => void stop({ machines: false, tell: say }).then(() => process.exit(0))
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal).on('SIGHUP', onSignal).on('exit', lock.release)

  const importWorker = path.join(path.dirname(script), 'import-worker.js')
  const context: PartsContext = {
    config,
    home,
    layout,
    script,
    importWorker,
    version: readVersion(script),
    say,
    signal,
  }
  try {
    if (embedded && (config.run.has('engine') || config.stopVms)) running.agents = startAgents(context).processes
    if (config.stopVms) {
      await Promise.all(running.agents.map((agent) => agent.ready))
      await stop({ machines: true, tell: say })
      return process.exit(0)
    }
    await startParts(context, running)
  } catch (error) {
    await stop({ machines: false, tell: () => undefined })
    throw error
  }
}

/** The API with its engine, then the console on it or on the cluster outside; announces when all are ready. */
async function startParts(context: PartsContext, running: Running): Promise<void> {
  const { config, say } = context
  const cluster = config.cluster === 'embedded' && config.run.has('api') ? await startCluster(context) : undefined
  running.cluster = cluster?.processes ?? []
  const agentsReady = running.agents.map((agent) => agent.ready)
  if (!config.run.has('console')) {
    await Promise.all([cluster?.ready, ...agentsReady])
    say(`Chiave runs ${[...config.run].join(', ')} without the console.`)
    return
  }
  const connection = cluster
    ? ({ type: 'socket', name: 'local', ...cluster.connection } as const)
    : outsideConnection(config)
  const { process: console, fingerprint } = await startConsole(context, connection)
  running.console = [console]
  const [ready] = await Promise.all([console.ready, cluster?.ready, ...agentsReady])
  announce({ config, ready, fingerprint, say })
}

/** How everything ends, once: console and cluster first, then guests when that is wanted, the agents last. */
function buildStop(options: { running: Running; home: string; agentSockets: string[]; say(line: string): void }) {
  const { running, home, agentSockets } = options
  const stopping = new AbortController()
  let ended: Promise<void> | undefined
  const end = async ({ machines, tell }: { machines: boolean; tell(line: string): void }): Promise<void> => {
    stopping.abort()
    await Promise.all([...running.console, ...running.cluster].map((part) => part.stop(3_500)))
    if (machines) await stopMachines({ agentSockets, gracePeriod, say: tell })
    else if (running.agents.length > 0) tellOfGuests((await runningMachines(agentSockets)).length, tell, home)
    await Promise.all(running.agents.map((part) => part.stop(1_000)))
  }
  // Asked twice, as by a second Ctrl-C, it is still one end, and both wait for it.
  const stop = (how: Parameters<typeof end>[0]) => (ended ??= end(how))
  return { stop, signal: stopping.signal }
}

function tellOfGuests(count: number, tell: (line: string) => void, home: string): void {
  if (count === 0) return
  tell(
    `${count} ${count === 1 ? 'guest keeps' : 'guests keep'} running. To shut ${count === 1 ? 'it' : 'them'} down: npm start -- --stop-vms --home ${home}`,
  )
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
