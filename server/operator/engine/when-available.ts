import { type Clock, sleep, systemClock } from '@/server/cluster/clock'
import { HypervisorError } from './hypervisor-port'

export interface Patience {
  /** Milliseconds for which an agent that does not answer is waited for. */
  patience: number
  clock?: Clock | undefined
  signal?: AbortSignal | undefined
}

const pollInterval = 50

/**
 * A call to a node's agent, made again while there is no connection: one that was just begun is not there yet, and an
 * agent that ended is started again. Rejects with the call's own error, at the end of the patience with Unavailable.
 */
export async function whenAvailable<T>(call: () => Promise<T>, options: Patience): Promise<T> {
  const { patience, clock = systemClock, signal } = options
  const deadline = clock.now() + patience
  for (;;) {
    try {
      return await call()
    } catch (error) {
      const connecting = error instanceof HypervisorError && error.code === 'Unavailable'
      if (!connecting || signal?.aborted || clock.now() >= deadline) throw error
      await sleep(clock, pollInterval, signal)
    }
  }
}
