'use client'

import { useMemo } from 'react'
import { persistentVolumeClaimKind } from '@/contract/kinds/core'
import { dataVolumeKind } from '@/contract/kinds/data-volume'
import { virtualMachineKind } from '@/contract/kinds/virtual-machine'
import type { ApiFailure } from '../kube/api'
import { useList } from '../kube/use-list'
import { findDisks, keptAtFirst, type MachineDisk } from './delete-plan'
import type { Machine } from './machine'

export interface MachineDisks {
  items: readonly MachineDisk[]
  /** Keys of disks that had better stay. */
  keptAtFirst: ReadonlySet<string>
  /** Everything is known that can be known. */
  settled: boolean
  failure?: ApiFailure
}

/** The disks of some machines and who else uses them. */
export function useMachineDisks(machines: readonly Machine[]): MachineDisks {
  const namespaces = new Set(machines.map(({ vm }) => vm.metadata.namespace ?? ''))
  const [only] = namespaces
  const where = namespaces.size === 1 && only ? { namespace: only } : {}
  const dataVolumes = useList(dataVolumeKind, where)
  const claims = useList(persistentVolumeClaimKind, where)
  const others = useList(virtualMachineKind, where)
  return useMemo(() => {
    const items = findDisks(
      machines,
      others.items.map((vm) => ({ vm })),
      { dataVolumes: dataVolumes.items, claims: claims.items },
    )
    const failure = claims.error ?? dataVolumes.error
    // A cluster without DataVolumes, or a person who may not see them: the machine can be deleted all the same.
    const known = (list: { loaded: boolean; error?: ApiFailure }) => list.loaded || list.error !== undefined
    return {
      items,
      keptAtFirst: keptAtFirst(items),
      settled: known(dataVolumes) && known(claims) && known(others),
      ...(failure ? { failure } : {}),
    }
  }, [machines, dataVolumes, claims, others])
}
