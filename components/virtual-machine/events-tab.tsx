'use client'

import { useCallback } from 'react'
import type { KubeEvent } from '@/contract/kinds/core'
import { ObjectEvents } from '../kube/object-events'
import type { Machine } from './machine'

/** What happened lately to a machine, its guest, its launcher and its disks. */
export function EventsTab({ machine }: { machine: Machine }) {
  const { namespace = '', name } = machine.vm.metadata
  const volumes = (machine.vm.spec.template.spec.volumes ?? [])
    .map((volume) => volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName)
    .join('\n')
  const about = useCallback(
    (involved: KubeEvent['involvedObject']) => isAbout(involved, name, volumes.split('\n')),
    [name, volumes],
  )
  return <ObjectEvents namespace={namespace} about={about} />
}

/** Whether an event of the machine's namespace is about the machine or what belongs to it. */
export function isAbout(involved: KubeEvent['involvedObject'], machine: string, volumes: readonly string[]): boolean {
  const { kind = '', name = '' } = involved
  switch (kind) {
    case 'VirtualMachine':
    case 'VirtualMachineInstance':
      return name === machine
    case 'DataVolume':
    case 'PersistentVolumeClaim':
      return volumes.includes(name)
    case 'Pod':
      // Launchers are named after their instance, with a random end of five letters.
      return (
        name.startsWith(`virt-launcher-${machine}-`) && !name.slice(`virt-launcher-${machine}-`.length).includes('-')
      )
    default:
      return false
  }
}
