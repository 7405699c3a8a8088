'use client'

import { useState } from 'react'
import { persistentVolumeClaimKind } from '@/contract/kinds/core'
import { dataVolumeKind } from '@/contract/kinds/data-volume'
import { virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { useT } from '../i18n/use-t'
import { ApiFailure, type KubeApi, useKubeApi } from '../kube/api'
import { failureSentence } from '../kube/errors'
import { toast } from '../ui/toast'
import { type DeleteStep, decideDelete, type MachineDisk } from './delete-plan'
import { type Machine, machineKey } from './machine'

export interface DeleteResult {
  step: DeleteStep
  state: 'waiting' | 'running' | 'done' | 'failed' | 'skipped'
  /** What the server said against it. */
  words?: string
}

export interface Deletion {
  results: readonly DeleteResult[]
  busy: boolean
  failed: boolean
  start: (disks: readonly MachineDisk[], kept: ReadonlySet<string>) => void
  /** Once more, but only what has not been done. */
  retry: () => void
}

/** Performs a deletion step by step; `onDone` once everything was accepted. */
export function useDeletion(machines: readonly Machine[], onDone: () => void): Deletion {
  const t = useT()
  const api = useKubeApi()
  const [results, setResults] = useState<readonly DeleteResult[]>([])

  const run = async (planned: readonly DeleteResult[]) => {
    let all = planned
    const note = (step: DeleteStep, change: Omit<DeleteResult, 'step'>) => {
      all = all.map((result) => (result.step === step ? { step, ...change } : result))
      setResults(all)
    }
    setResults(all)
    const broken = new Set<string>()
    for (const { step, state } of planned) {
      if (state === 'done') continue
      const key = machineKey(step.machine)
      if (broken.has(key)) {
        note(step, { state: 'skipped' })
        continue
      }
      note(step, { state: 'running' })
      try {
        await perform(api, step)
        note(step, { state: 'done' })
      } catch (failure) {
        if (!(failure instanceof ApiFailure)) throw failure
        broken.add(key)
        note(step, { state: 'failed', words: failureSentence(failure, t) })
      }
    }
    if (broken.size > 0) return
    const names = machines.map(({ vm }) => vm.metadata.name).join(', ')
    toast({ variant: 'success', title: t('machine.delete.accepted', { count: machines.length, names }) })
    onDone()
  }

  return {
    results,
    busy: results.some(({ state }) => state === 'running'),
    failed: results.some(({ state }) => state === 'failed'),
    start: (disks, kept) =>
      void run(
        machines
          .flatMap((machine) => decideDelete(machine, disks, kept))
          .map((step) => ({ step, state: 'waiting' as const })),
      ),
    retry: () =>
      void run(results.map(({ step, state }) => ({ step, state: state === 'done' ? state : ('waiting' as const) }))),
  }
}

/** One call; what is gone already needs no deleting. */
export async function perform(api: KubeApi, step: DeleteStep): Promise<void> {
  const { namespace = '', name } = step.machine.vm.metadata
  switch (step.id) {
    case 'release':
      return forgetTemplates(api, { namespace, name }, step.forget ?? [])
    case 'keep':
      return step.disk && disown(api, step.disk)
    case 'machine':
      return removeIfThere(() => api.remove(virtualMachineKind, { namespace, name }))
    case 'disk':
      return step.disk && removeDisk(api, step.disk)
  }
}

function removeDisk(api: KubeApi, { kind, namespace, name }: MachineDisk): Promise<void> {
  const diskKind = kind === 'DataVolume' ? dataVolumeKind : persistentVolumeClaimKind
  return removeIfThere(() => api.remove(diskKind, { namespace, name }))
}

async function removeIfThere(remove: () => Promise<void>): Promise<void> {
  try {
    await remove()
  } catch (failure) {
    if (!(failure instanceof ApiFailure) || failure.code !== 404) throw failure
  }
}

/** Takes the machine out of a disk's owners, so that the disk does not go with it. */
async function disown(api: KubeApi, { kind, namespace, name, otherOwners }: MachineDisk): Promise<void> {
  const ref = { namespace, name }
  const body = { metadata: { ownerReferences: otherOwners.length > 0 ? otherOwners : null } }
  if (kind === 'DataVolume') await api.patch(dataVolumeKind, ref, { type: 'merge', body })
  else await api.patch(persistentVolumeClaimKind, ref, { type: 'merge', body })
}

/** Takes templates out of the machine, so that its controller does not adopt their disks again once they are let go. */
async function forgetTemplates(
  api: KubeApi,
  ref: { namespace: string; name: string },
  forget: readonly string[],
): Promise<void> {
  const vm = await api.get(virtualMachineKind, ref)
  const remaining = (vm.spec.dataVolumeTemplates ?? []).filter(({ metadata }) => !forget.includes(metadata.name))
  await api.patch(virtualMachineKind, ref, {
    type: 'merge',
    body: {
      metadata: { resourceVersion: vm.metadata.resourceVersion },
      spec: { dataVolumeTemplates: remaining.length > 0 ? remaining : null },
    },
  })
}
