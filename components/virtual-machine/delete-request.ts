import { createStore } from '../ui/store'
import type { Machine } from './machine'

interface DeleteRequest {
  machines: readonly Machine[]
  close: () => void
}

/** What the delete dialog is asked about. */
export const deleteRequest = createStore<DeleteRequest | undefined>(undefined)

/** Asks what to delete with the machines; resolves when the dialog is closed, whatever came of it. */
export function deleteMachines(machines: readonly Machine[]): Promise<void> {
  if (machines.length === 0) return Promise.resolve()
  return new Promise((resolve) => {
    const close = () => {
      deleteRequest.set(() => undefined)
      resolve()
    }
    deleteRequest.set(() => ({ machines, close }))
  })
}
