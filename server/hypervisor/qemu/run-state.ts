import { z } from 'zod'

export interface RunStateReading {
  phase: 'running' | 'paused' | 'shutdown' | 'crashed'
  /** Why, when it is not what the machine's owner asked for; for people. */
  message?: string
}

const statusSchema = z.object({ status: z.string() })

/** QEMU's run state (QAPI RunState) as a machine's phase. */
export async function readRunState(execute: (command: string) => Promise<unknown>): Promise<RunStateReading> {
  const { status } = statusSchema.parse(await execute('query-status'))
  switch (status) {
    case 'shutdown':
      return { phase: 'shutdown' }
    case 'guest-panicked':
      return { phase: 'crashed', message: 'The guest’s operating system reported a panic.' }
    case 'internal-error':
      return { phase: 'crashed', message: 'The virtual processor met an error it can not go on from.' }
    case 'io-error':
      return {
        phase: 'paused',
        message:
          'Paused because a disk could not be written; most often the host’s storage is full. Free space, then resume.',
      }
    case 'watchdog':
      return { phase: 'paused', message: 'Paused by the guest’s watchdog.' }
    case 'running':
    case 'suspended':
      return { phase: 'running' }
    default:
      return { phase: 'paused' }
  }
}
