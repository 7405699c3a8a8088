'use client'

import { useState } from 'react'
import { readGuestAccess, readUserData } from '@/contract/builders/create-virtual-machine'
import type { GuestAccess } from '@/contract/cloud-init/cloud-config'
import { secretKind } from '@/contract/kinds/core'
import { ApiFailure, useKubeApi } from '../kube/api'
import type { Machine } from './machine'

/** The Secret that holds a machine's user data; undefined when there is none. */
export function userDataSecret({ vm }: Machine): string | undefined {
  for (const { cloudInitNoCloud, cloudInitConfigDrive } of vm.spec.template.spec.volumes ?? []) {
    const secret = (cloudInitNoCloud ?? cloudInitConfigDrive)?.secretRef?.name
    if (secret) return secret
  }
  return undefined
}

export type GuestAccessState =
  | { phase: 'hidden' }
  | { phase: 'reading' }
  | { phase: 'shown'; access: GuestAccess }
  | { phase: 'unreadable' }
  | { phase: 'failed'; failure: ApiFailure }

/** Reads how one gets into a guest, only when asked to, and forgets it again. */
export function useGuestAccess(
  { vm }: Machine,
  secretName: string,
): { state: GuestAccessState; show: () => void; hide: () => void } {
  const api = useKubeApi()
  const [state, setState] = useState<GuestAccessState>({ phase: 'hidden' })
  const namespace = vm.metadata.namespace ?? ''
  const show = async () => {
    setState({ phase: 'reading' })
    try {
      const userData = readUserData(await api.get(secretKind, { namespace, name: secretName }))
      const access = userData === undefined ? undefined : readGuestAccess(userData)
      setState(access ? { phase: 'shown', access } : { phase: 'unreadable' })
    } catch (failure) {
      if (!(failure instanceof ApiFailure)) throw failure
      setState({ phase: 'failed', failure })
    }
  }
  return { state, show: () => void show(), hide: () => setState({ phase: 'hidden' }) }
}
