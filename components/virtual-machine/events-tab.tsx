'use client'

import { useCallback } from 'react'
import type { KubeEvent } from '@/contract/kinds/core'
import { ObjectEvents } from '../kube/object-events'
import { isAbout } from './event-filter'
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
