import { StartError } from '../start-error'
import type { PartsContext } from './parts-context'
import { runningMachines } from './running-machines'
import { type Running, shutDownGuests } from './shut-down-guests'

export interface HowToStop {
  /** Whether guests are shut down, too. */
  machines: boolean
  tell(line: string): void
}

/**
 * How everything ends, once: guests first when that is wanted, while engine and API can still see to it; then console and
 * cluster, the agents last. Asked twice, as by a second Ctrl-C, it is still one end, and both wait for it; a Ctrl-C while
 * guests shut down leaves those running that still do. Rejects, after all has ended, when guests could not be shut down.
 */
export function buildStop({ running, context }: { running: Running; context: PartsContext }) {
  const hurry = new AbortController()
  let ending: { machines: boolean; ended: Promise<void> } | undefined
  const end = async ({ machines, tell }: HowToStop): Promise<void> => {
    try {
      if (machines) await shutDownGuests({ running, context, say: tell, signal: hurry.signal })
    } finally {
      await Promise.all([...running.console, ...running.cluster].map((part) => part.stop(3_500)))
      if (running.agents.length > 0) await tellOfGuests(context, tell)
      await Promise.all(running.agents.map((part) => part.stop(2_000)))
    }
  }
  return (how: HowToStop): Promise<void> => {
    if (ending && how.machines && !ending.machines) {
      return Promise.reject(new StartError('This Chiave is just stopping; ask again when it has stopped.'))
    }
    if (ending && !how.machines) hurry.abort()
    ending ??= { machines: how.machines, ended: end(how) }
    return ending.ended
  }
}

async function tellOfGuests({ layout, home }: PartsContext, tell: (line: string) => void): Promise<void> {
  const count = (await runningMachines(layout.nodes.map(({ socket }) => socket))).length
  if (count === 0) return
  tell(
    `${count} ${count === 1 ? 'guest keeps' : 'guests keep'} running. To shut ${count === 1 ? 'it' : 'them'} down: npm start -- --stop-vms --home ${home.path}`,
  )
}
