import { type PersistentVolume, persistentVolumeClaimKind, persistentVolumeKind } from '@/contract/kinds/core'
import { type ControllerDefinition, defineController, watchKind } from '../../runtime/controller'
import type { Engine } from '../engine'
import { HypervisorError } from '../hypervisor-port'
import { hypervisorOfNode } from '../storage/read-disk'
import { writeObject, writeStatus } from '../writes'
import { decideVolume } from './decide'
import { isLocalVolume, nodeOfVolume, volumeFinalizers, volumeName } from './volume'

const fieldManager = 'chiave-persistentvolume'
const busyInterval = 2_000

/** Looks after the records of this host's disks and removes disk and record when their claim is gone. */
export function persistentVolumeController(engine: Engine): ControllerDefinition {
  const { informers, client } = engine
  const volumes = informers.of(persistentVolumeKind)
  return defineController({
    name: fieldManager,
    for: persistentVolumeKind,
    watches: [watchKind(persistentVolumeClaimKind, (claim) => [{ name: volumeName(claim) }])],
    async reconcile(ref) {
      const volume = volumes.get(ref)
      if (!volume || !isLocalVolume(volume)) return undefined
      const claim = await findClaim(engine, volume)
      const decision = decideVolume({ volume, claim })
      let current = await writeStatus(client, persistentVolumeKind, {
        object: volume,
        status: decision.status,
        fieldManager,
      })
      for (const action of decision.actions) {
        if (action.type === 'deleteVolume') {
          await client.delete(persistentVolumeKind, ref, { preconditions: { uid: volume.metadata.uid ?? '' } })
          current = (await client.find(persistentVolumeKind, ref)) ?? current
        } else if (action.type === 'deleteDisk') {
          if (!(await deleteDisk(engine, volume))) return { requeueAfter: busyInterval }
        } else {
          const finalizers = (current.metadata.finalizers ?? []).filter((one) => !volumeFinalizers.includes(one))
          const next = { ...current, metadata: { ...current.metadata, finalizers } }
          current = await writeObject(client, persistentVolumeKind, { read: current, next, fieldManager })
        }
      }
      return undefined
    },
  })
}

/** Asked of the API itself, not of a cache: what follows from a claim's absence cannot be taken back. */
async function findClaim({ client, informers }: Engine, volume: PersistentVolume) {
  const { namespace = '', name = '', uid } = volume.spec.claimRef ?? {}
  const cached = informers.of(persistentVolumeClaimKind).get({ namespace, name })
  const claim =
    cached?.metadata.uid === uid ? cached : await client.find(persistentVolumeClaimKind, { namespace, name })
  return claim?.metadata.uid === uid ? claim : undefined
}

/** `false` while a machine still has it open. */
async function deleteDisk(engine: Engine, volume: PersistentVolume): Promise<boolean> {
  const id = volume.spec.csi?.volumeHandle ?? ''
  try {
    await hypervisorOfNode(engine, nodeOfVolume(volume)).deleteDisk(id)
    return true
  } catch (error) {
    if (error instanceof HypervisorError && error.code === 'Busy') return false
    throw error
  }
}
