'use client'

import { useCallback } from 'react'
import type { VirtualMachineInstance } from '@/contract/kinds/virtual-machine-instance'
import { useAddressQuery } from '../../shell/use-address-query'

export type ConsoleView = 'vnc' | 'serial'

export const consoleProtocols = ['plain.kubevirt.io']

const rememberedKey = 'chiave-console'

/** The consoles a guest has; both unless its specification leaves one out. */
export function consoleViews(vmi: Pick<VirtualMachineInstance, 'spec'>): ConsoleView[] {
  const { autoattachGraphicsDevice, autoattachSerialConsole } = vmi.spec.domain.devices
  const views: ConsoleView[] = []
  if (autoattachGraphicsDevice !== false) views.push('vnc')
  if (autoattachSerialConsole !== false) views.push('serial')
  return views
}

/** The console to show: what the address says, else what the person chose last, else the first; always one there is. */
export function chooseView(
  views: readonly ConsoleView[],
  ...wishes: readonly (string | null | undefined)[]
): ConsoleView | undefined {
  for (const wish of wishes) {
    const view = views.find((candidate) => candidate === wish)
    if (view) return view
  }
  return views[0]
}

/** The chosen console, kept in the address and remembered for the next machine. */
export function useConsoleView(views: readonly ConsoleView[]): {
  view: ConsoleView | undefined
  choose: (view: ConsoleView) => void
} {
  const { get, set } = useAddressQuery()
  const choose = useCallback(
    (view: ConsoleView) => {
      localStorage.setItem(rememberedKey, view)
      set({ view })
    },
    [set],
  )
  const remembered = typeof localStorage === 'undefined' ? undefined : localStorage.getItem(rememberedKey)
  return { view: chooseView(views, get('view'), remembered), choose }
}

/** Where the console relay is reached from this page. */
export function consoleUrl(
  { cluster, namespace, name }: { cluster: string; namespace: string; name: string },
  view: ConsoleView,
): string {
  const scheme = window.location.protocol === 'https:' ? 'wss' : 'ws'
  const path = [cluster, namespace, name, view].map(encodeURIComponent).join('/')
  return `${scheme}://${window.location.host}/consoles/${path}`
}
