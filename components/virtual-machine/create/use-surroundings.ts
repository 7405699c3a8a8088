'use client'

import { useMemo } from 'react'
import { rootVolumeName } from '@/contract/builders/create-virtual-machine'
import type { CreateVirtualMachineForm } from '@/contract/builders/create-virtual-machine-form'
import { namespaceKind, persistentVolumeClaimKind } from '@/contract/kinds/core'
import { dataVolumeKind } from '@/contract/kinds/data-volume'
import { virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { useT } from '../../i18n/use-t'
import { useAccess } from '../../kube/use-access'
import { useList } from '../../kube/use-list'
import { useOffers } from '../../kube/use-offers'

/** What is around a machine to be: names in use, namespaces, and what keeps one from creating it. */
export interface Surroundings {
  namespaces: readonly string[]
  /** Enough has arrived to suggest a name and a namespace. */
  settled: boolean
  machineNames: (namespace: string) => ReadonlySet<string>
  /** What speaks against a name, in words. */
  nameProblem: (namespace: string, name: string) => string | undefined
  /** What makes creating pointless, in words. */
  problemOf: (values: CreateVirtualMachineForm) => string | undefined
  warnings: readonly string[]
}

export function useSurroundings(): Surroundings {
  const t = useT()
  const namespaces = useList(namespaceKind)
  const machines = useList(virtualMachineKind)
  const claims = useList(persistentVolumeClaimKind)
  const importing = useOffers(dataVolumeKind)
  const everywhere = useAccess({ verb: 'create', group: virtualMachineKind.group, resource: virtualMachineKind.plural })
  return useMemo(() => {
    const names = new Set(machines.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`))
    const claimNames = new Set(claims.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`))
    const active = namespaces.items.filter(({ status }) => status?.phase !== 'Terminating')
    const nameProblem = (namespace: string, name: string) => {
      if (names.has(`${namespace}/${name}`)) return t('create.problem.name.taken')
      const disk = rootVolumeName(name)
      return claimNames.has(`${namespace}/${disk}`) ? t('create.problem.name.diskTaken', { disk }) : undefined
    }
    return {
      namespaces: active.map(({ metadata }) => metadata.name).sort(),
      settled:
        (namespaces.loaded || namespaces.error !== undefined) && (machines.loaded || machines.error !== undefined),
      machineNames: (namespace) =>
        new Set(
          machines.items
            .filter(({ metadata }) => metadata.namespace === namespace)
            .map(({ metadata }) => metadata.name),
        ),
      nameProblem,
      problemOf: ({ namespace, name }) => nameProblem(namespace, name),
      warnings: [
        ...(importing === false ? [t('create.noStorage')] : []),
        // Somebody who may not create in all namespaces may do so in theirs: the dry run will tell.
        ...(everywhere.allowed === false && active.length === 1
          ? [t('create.forbidden', { namespace: active[0]?.metadata.name ?? '' })]
          : []),
      ],
    }
  }, [t, namespaces, machines, claims, importing, everywhere])
}
