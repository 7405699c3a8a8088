import { createStore } from '../ui/store'
import type { ActionId } from './actions'
import type { Machine } from './machine'

export type BulkState = 'waiting' | 'running' | 'done' | 'failed' | 'skipped'

export interface BulkRow {
  machine: Machine
  state: BulkState
  /** Why it failed or was skipped. */
  words?: string
}

export interface BulkRun {
  action: ActionId
  rows: readonly BulkRow[]
}

/** The run whose results are on screen. */
export const bulkRun = createStore<BulkRun | undefined>(undefined)

/** Calls at once: enough to be quick, few enough to leave the browser its other connections. */
const width = 4

/**
 * Runs one call per waiting row and notes each result as it comes; a failure stops nobody else. `perform` resolves to
 * nothing when it went well and to words when it failed.
 */
export async function runBulk(perform: (machine: Machine) => Promise<string | undefined>): Promise<void> {
  const next = () => bulkRun.get()?.rows.findIndex((row) => row.state === 'waiting') ?? -1
  const worker = async () => {
    for (let index = next(); index >= 0; index = next()) {
      const row = bulkRun.get()?.rows[index]
      if (row === undefined) return
      noteRow(index, { machine: row.machine, state: 'running' })
      const words = await perform(row.machine)
      noteRow(
        index,
        words === undefined
          ? { machine: row.machine, state: 'done' }
          : { machine: row.machine, state: 'failed', words },
      )
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
}

/** Puts what failed back in the queue. */
export function queueFailed(): void {
  bulkRun.set(
    (run) =>
      run && {
        ...run,
        rows: run.rows.map((row) => (row.state === 'failed' ? { machine: row.machine, state: 'waiting' } : row)),
      },
  )
}

function noteRow(index: number, row: BulkRow): void {
  bulkRun.set((run) => run && { ...run, rows: run.rows.map((old, at) => (at === index ? row : old)) })
}
