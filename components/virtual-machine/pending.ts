'use client'

import { useEffect } from 'react'
import type { VirtualMachine } from '@/contract/kinds/virtual-machine'
import { createStore, useStore } from '../ui/store'
import type { ActionId } from './actions'

interface Asked {
  action: ActionId
  /** What the cluster reported when it was asked. */
  status: string | undefined
}

/** How long an accepted wish is shown without an echo from the cluster, milliseconds. After that the truth is shown. */
const patience = 15_000

const asked = createStore<ReadonlyMap<string, Asked>>(new Map())

/** Notes that the cluster is being asked; shown until its report changes. */
export function notePending(key: string, action: ActionId, vm: VirtualMachine): void {
  asked.set((all) => new Map(all).set(key, { action, status: vm.status?.printableStatus }))
}

/** The wish was refused, or its effect is there. */
export function clearPending(key: string): void {
  asked.set((all) => {
    if (!all.has(key)) return all
    const rest = new Map(all)
    rest.delete(key)
    return rest
  })
}

/** What was asked of a machine and has not shown yet. */
export function usePendingAction(key: string, vm: VirtualMachine): ActionId | undefined {
  const entry = useStore(asked).get(key)
  const current = entry !== undefined && entry.status === vm.status?.printableStatus
  const settled = entry !== undefined && !current
  useEffect(() => {
    if (settled) clearPending(key)
  }, [key, settled])
  useEffect(() => {
    if (entry === undefined) return
    const timer = setTimeout(() => clearPending(key), patience)
    return () => clearTimeout(timer)
  }, [key, entry])
  return current ? entry.action : undefined
}
