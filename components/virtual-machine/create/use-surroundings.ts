'use client'

import { useMemo } from 'react'
import { rootVolumeName } from '@/contract/builders/create-virtual-machine'
import type { CreateVirtualMachineForm } from '@/contract/builders/create-virtual-machine-form'
import { persistentVolumeClaimKind } from '@/contract/kinds/core'
import { dataVolumeKind } from '@/contract/kinds/data-volume'
import { virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { useT } from '../../i18n/use-t'
import { type Access, type AccessQuestion, useAccessTo } from '../../kube/use-access'
import { useList } from '../../kube/use-list'
import { useNamespaces } from '../../kube/use-namespaces'
import { useOffers } from '../../kube/use-offers'

/** What is around a machine to be: names in use, namespaces, and what keeps one from creating it. */
export interface Surroundings {
  namespaces: readonly string[]
  /** The one to which all lists are narrowed. */
  chosen: string | undefined
  /** Enough has arrived to suggest a name and a namespace. */
  settled: boolean
  machineNames: (namespace: string) => ReadonlySet<string>
  /** What speaks against a name, in words. */
  nameProblem: (namespace: string, name: string) => string | undefined
  /** What makes creating pointless, in words. */
  problemOf: (values: CreateVirtualMachineForm) => string | undefined
  /** Whether one may create in a namespace everything that a machine is made of. */
  permissionFor: (namespace: string) => Access
  warnings: readonly string[]
}

const createNeeds: readonly AccessQuestion[] = [
  { verb: 'create', group: virtualMachineKind.group, resource: virtualMachineKind.plural },
  { verb: 'create', group: dataVolumeKind.group, resource: dataVolumeKind.plural },
]

function firstRefusal(answers: readonly Access[]): Access {
  return answers.find(({ allowed }) => allowed === false) ?? {}
}

export function useSurroundings(): Surroundings {
  const t = useT()
  const { names: namespaces, settled, chosen } = useNamespaces()
  const machines = useList(virtualMachineKind)
  const claims = useList(persistentVolumeClaimKind)
  const importing = useOffers(dataVolumeKind)
  const ask = useAccessTo(namespaces, createNeeds)
  return useMemo(() => {
    const names = new Set(machines.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`))
    const claimNames = new Set(claims.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`))
    const nameProblem = (namespace: string, name: string) => {
      if (names.has(`${namespace}/${name}`)) return t('create.problem.name.taken')
      const disk = rootVolumeName(name)
      return claimNames.has(`${namespace}/${disk}`) ? t('create.problem.name.diskTaken', { disk }) : undefined
    }
    return {
      namespaces,
      chosen,
      settled: settled && (machines.loaded || machines.error !== undefined),
      machineNames: (namespace) =>
        new Set(
          machines.items
            .filter(({ metadata }) => metadata.namespace === namespace)
            .map(({ metadata }) => metadata.name),
        ),
      nameProblem,
      problemOf: ({ namespace, name }) => nameProblem(namespace, name),
      permissionFor: (namespace) => firstRefusal(createNeeds.map((need) => ask({ ...need, namespace }))),
      warnings: importing === false ? [t('create.noStorage')] : [],
    }
  }, [t, namespaces, chosen, settled, machines, claims, importing, ask])
}
