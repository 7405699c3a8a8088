'use client'

import { useMemo, useState } from 'react'
import { type PersistentVolumeClaim, persistentVolumeClaimKind } from '@/contract/kinds/core'
import { type DataVolume, dataVolumeKind } from '@/contract/kinds/data-volume'
import { virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import type { ApiFailure } from '../kube/api'
import { useList } from '../kube/use-list'
import { useObject } from '../kube/use-object'
import type { Machine } from './machine'

/** A machine with everything its page speaks about, live. */
export interface MachineObjects {
  /** Absent while loading, when there is none, or when it may not be seen. */
  machine?: Machine
  dataVolumes: readonly DataVolume[]
  claims: readonly PersistentVolumeClaim[]
  loaded: boolean
  notFound: boolean
  /** It was there while this page was open, and is no more. */
  deleted: boolean
  error?: ApiFailure
  stale: boolean
}

export function useMachineObjects({ namespace, name }: { namespace: string; name: string }): MachineObjects {
  const vm = useObject(virtualMachineKind, { namespace, name })
  const vmi = useObject(virtualMachineInstanceKind, { namespace, name })
  const dataVolumes = useList(dataVolumeKind, { namespace })
  const claims = useList(persistentVolumeClaimKind, { namespace })
  const [seen, setSeen] = useState(false)
  if (vm.object && !seen) setSeen(true)

  const volumeNames = useMemo(
    () =>
      new Set(
        (vm.object?.spec.template.spec.volumes ?? []).flatMap((volume) => [
          volume.dataVolume?.name,
          volume.persistentVolumeClaim?.claimName,
        ]),
      ),
    [vm.object],
  )
  return useMemo(() => {
    const own = (object: { metadata: { name: string } }) => volumeNames.has(object.metadata.name)
    return {
      ...(vm.object ? { machine: { vm: vm.object, ...(vmi.object ? { vmi: vmi.object } : {}) } } : {}),
      dataVolumes: dataVolumes.items.filter(own),
      claims: claims.items.filter(own),
      loaded: vm.loaded,
      notFound: vm.notFound,
      deleted: seen && vm.notFound,
      ...(vm.error ? { error: vm.error } : {}),
      stale: vm.stale || vmi.stale,
    }
  }, [vm, vmi.object, vmi.stale, dataVolumes.items, claims.items, volumeNames, seen])
}
