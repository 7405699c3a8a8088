import { pino } from 'pino'
import { connectHypervisor } from '../hypervisor/remote-hypervisor'
import { type Hypervisor, HypervisorError, type MachineState } from '../operator/engine/hypervisor-port'

const alive: ReadonlySet<MachineState['phase']> = new Set(['starting', 'running', 'paused'])

/** Asks every node agent for its machines that still run; an agent that does not answer in time (ms) counts as none. */
export async function runningMachines(agentSockets: readonly string[], timeout = 1_000): Promise<MachineState[]> {
  const found = await withHypervisors(agentSockets, (hypervisors) =>
    Promise.all(hypervisors.map((hypervisor) => machinesOf(hypervisor, timeout).catch(() => []))),
  )
  return found.flat().filter((machine) => alive.has(machine.phase))
}

/** The first answer, within the time (ms): the connection is made in the background and may not be there yet. */
async function machinesOf(hypervisor: Hypervisor, timeout: number): Promise<MachineState[]> {
  const deadline = Date.now() + timeout
  for (;;) {
    try {
      return await hypervisor.machines()
    } catch (error) {
      const connecting = error instanceof HypervisorError && error.code === 'Unavailable'
      if (!connecting || Date.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }
}

/**
 * Presses every guest's power button, waits, and ends those that do not go within the grace period (milliseconds).
 * The machines' objects stay as they are: what should run is started again at the next start.
 */
export async function stopMachines(options: {
  agentSockets: readonly string[]
  gracePeriod: number
  say(line: string): void
}): Promise<void> {
  await withHypervisors(options.agentSockets, async (hypervisors) => {
    await Promise.all(hypervisors.map((hypervisor) => stopMachinesOf(hypervisor, options)))
  })
}

async function stopMachinesOf(
  hypervisor: Hypervisor,
  { gracePeriod, say }: { gracePeriod: number; say(line: string): void },
): Promise<void> {
  const machines = (await machinesOf(hypervisor, 10_000)).filter((machine) => alive.has(machine.phase))
  await Promise.all(
    machines.map(async ({ id, name, phase }) => {
      say(`Shutting down ${name} …`)
      if (phase === 'paused') await hypervisor.resume(id)
      await hypervisor.powerdown(id)
      const deadline = Date.now() + gracePeriod
      while (Date.now() < deadline) {
        const now = await hypervisor.machine(id)
        if (!now || !alive.has(now.phase)) break
        await new Promise((resolve) => setTimeout(resolve, 250))
      }
      const left = await hypervisor.machine(id)
      if (left && alive.has(left.phase))
        say(`${name} did not shut down in ${gracePeriod / 1_000} s and is switched off.`)
      await hypervisor.kill(id)
      say(`${name} is off.`)
    }),
  )
}

async function withHypervisors<T>(
  sockets: readonly string[],
  use: (hypervisors: Hypervisor[]) => Promise<T>,
): Promise<T> {
  const done = new AbortController()
  const log = pino({ level: 'silent' })
  try {
    return await use(sockets.map((socketPath) => connectHypervisor({ socketPath, log, signal: done.signal })))
  } finally {
    done.abort()
  }
}
