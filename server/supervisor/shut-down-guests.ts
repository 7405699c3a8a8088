import { describeProgress, shutDownMachines } from '../operator/engine/shut-down-machines'
import { explainStart } from '../start-error'
import type { PartsContext } from './parts-context'
import { withHypervisors } from './running-machines'
import { agentAddresses, startAgents, startClusterForShutDown } from './start-embedded'
import type { SupervisedProcess } from './supervised-process'

/** The processes of this instance that run; what is started on the way out is put here too, to be ended with the rest. */
export interface Running {
  console: SupervisedProcess[]
  cluster: SupervisedProcess[]
  agents: SupervisedProcess[]
}

export interface ShutDownGuestsOptions {
  running: Running
  context: PartsContext
  say(line: string): void
  /** Ends the waiting: what still runs is then left running. */
  signal: AbortSignal
}

/**
 * Shuts every guest of this instance down, so that the next start brings the same ones back. The cluster process does
 * it, which knows each machine's grace period and marks the instances; where it does not run, one without engine is
 * started for this alone. Without any API the host still shuts its guests down, and says what that means.
 */
export async function shutDownGuests(options: ShutDownGuestsOptions): Promise<void> {
  const { running, context, signal } = options
  let lines = 0
  const say = (line: string) => {
    lines++
    options.say(line)
  }
  if (running.agents.length === 0) running.agents = startAgents(context)
  await unlessAborted(Promise.all(running.agents.map((agent) => agent.ready)), signal)
  const failure = await askClusters({ ...options, say })
  if (failure !== undefined && !signal.aborted) {
    say(
      `The Kubernetes API does not answer (${failure.replace(/\.$/, '')}): guests are shut down without it, all with the same grace period, and only those that should always run come back at the next start.`,
    )
    await withHypervisors(
      agentAddresses(context).map(({ socketPath }) => socketPath),
      (hypervisors) =>
        shutDownMachines({ hypervisors, signal, onProgress: (progress) => say(describeProgress(progress)) }),
    )
  }
  if (lines === 0 && !signal.aborted) say('No guest is running.')
}

/** The running cluster process first, then a fresh one; says why neither did it. */
async function askClusters(options: ShutDownGuestsOptions): Promise<string | undefined> {
  const { running, context, say, signal } = options
  const [present] = running.cluster
  if (present) {
    const failure = await ask(present, options)
    if (failure === undefined || signal.aborted) return failure
    say(`${failure} The API is started anew for the shut-down.`)
    await present.stop(3_500)
  }
  try {
    const fresh = await startClusterForShutDown(context)
    running.cluster = [fresh]
    return await ask(fresh, options)
  } catch (error) {
    return explainStart(error).message
  }
}

async function ask(cluster: SupervisedProcess, options: ShutDownGuestsOptions): Promise<string | undefined> {
  const { context, say, signal } = options
  try {
    await unlessAborted(cluster.ready, signal)
    await unlessAborted(cluster.finish({ type: 'shut-down-machines', agents: agentAddresses(context) }, say), signal)
    return undefined
  } catch (error) {
    return explainStart(error).message
  }
}

/** Resolves with the promise, or at once when the signal aborts. */
async function unlessAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  await Promise.race([promise, aborted])
}
