import { pino } from 'pino'
import { connectHypervisor } from '../hypervisor/remote-hypervisor'
import type { Hypervisor, MachineState } from '../operator/engine/hypervisor-port'
import { isAlive } from '../operator/engine/virtual-machine-instance/observed'
import { whenAvailable } from '../operator/engine/when-available'

/** Asks every node agent for its machines that still run; an agent that does not answer in time (ms) counts as none. */
export async function runningMachines(agentSockets: readonly string[], patience = 1_000): Promise<MachineState[]> {
  const found = await withHypervisors(agentSockets, (hypervisors) =>
    Promise.all(
      hypervisors.map((hypervisor) => whenAvailable(() => hypervisor.machines(), { patience }).catch(() => [])),
    ),
  )
  return found.flat().filter(isAlive)
}

/** The hypervisors behind the agents' sockets, for as long as `use` takes. */
export async function withHypervisors<T>(
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
