import type { PersistentVolumeClaim } from '@/contract/kinds/core'
import type { DataVolume } from '@/contract/kinds/data-volume'
import type { OwnerReference } from '@/contract/kube-object'
import { type Machine, machineKey } from './machine'

/** A disk of a machine about to be deleted. */
export interface MachineDisk {
  /** `namespace/machine/disk` */
  key: string
  machine: string
  kind: 'DataVolume' | 'PersistentVolumeClaim'
  namespace: string
  name: string
  /** e.g. `10Gi`; absent when nobody says. */
  size?: string
  /** Owners it has besides the machine; they stay. */
  otherOwners: readonly OwnerReference[]
  /** Goes with the machine by itself. */
  owned: boolean
  /** Other machines that use it too, by name. */
  sharedWith: readonly string[]
}

export type DeleteStepId = 'release' | 'keep' | 'machine' | 'disk'

/** One call; later steps of a machine are not made when an earlier one failed. */
export interface DeleteStep {
  id: DeleteStepId
  machine: Machine
  disk?: MachineDisk
  /** DataVolume templates that the machine must forget, so that its controller does not adopt the disk again. */
  forget?: readonly string[]
}

/** The disks of the machines: those that would go with them, and those that would stay. */
export function findDisks(
  machines: readonly Machine[],
  others: readonly Machine[],
  { dataVolumes, claims }: { dataVolumes: readonly DataVolume[]; claims: readonly PersistentVolumeClaim[] },
): MachineDisk[] {
  return machines.flatMap((machine) => {
    const { namespace = '', name: machineName } = machine.vm.metadata
    return volumeNames(machine).flatMap((name): MachineDisk[] => {
      const here = (object: { metadata: { namespace?: string; name: string } }) =>
        object.metadata.name === name && object.metadata.namespace === namespace
      const volume = dataVolumes.find(here)
      const claim = claims.find(here)
      const object = volume ?? claim
      if (!object) return []
      const owners = object.metadata.ownerReferences ?? []
      const otherOwners = owners.filter((owner) => !isMachine(owner, machine))
      const size = claim?.status?.capacity?.storage ?? claim?.spec.resources?.requests?.storage
      return [
        {
          key: `${namespace}/${machineName}/${name}`,
          machine: machineKey(machine),
          kind: volume ? 'DataVolume' : 'PersistentVolumeClaim',
          namespace,
          name,
          ...(size ? { size } : {}),
          otherOwners,
          owned: otherOwners.length < owners.length,
          sharedWith: others
            .filter((other) => machineKey(other) !== machineKey(machine) && other.vm.metadata.namespace === namespace)
            .filter((other) => volumeNames(other).includes(name))
            .map((other) => other.vm.metadata.name),
        },
      ]
    })
  })
}

/**
 * The calls that delete a machine and of its disks those that are not kept: what stays is let go first, then the machine
 * goes and takes what it owns along, then the rest.
 */
export function decideDelete(machine: Machine, disks: readonly MachineDisk[], kept: ReadonlySet<string>): DeleteStep[] {
  const own = disks.filter((disk) => disk.machine === machineKey(machine))
  const keep = own.filter((disk) => disk.owned && kept.has(disk.key))
  const templates = machine.vm.spec.dataVolumeTemplates?.map(({ metadata }) => metadata.name) ?? []
  const forget = keep.filter((disk) => templates.includes(disk.name)).map((disk) => disk.name)
  return [
    ...(forget.length > 0 ? [{ id: 'release' as const, machine, forget }] : []),
    ...keep.map((disk) => ({ id: 'keep' as const, machine, disk })),
    { id: 'machine', machine },
    ...own.filter((disk) => !disk.owned && !kept.has(disk.key)).map((disk) => ({ id: 'disk' as const, machine, disk })),
  ]
}

/** What is kept unless a person chooses otherwise: what the machine does not own, and what others use too. */
export function keptAtFirst(disks: readonly MachineDisk[]): Set<string> {
  return new Set(disks.filter((disk) => !disk.owned || disk.sharedWith.length > 0).map((disk) => disk.key))
}

function volumeNames({ vm }: Machine): string[] {
  return (vm.spec.template.spec.volumes ?? []).flatMap((volume) => {
    const name = volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName
    return name === undefined ? [] : [name]
  })
}

function isMachine(owner: OwnerReference, { vm }: Machine): boolean {
  return owner.kind === 'VirtualMachine' && (owner.uid === vm.metadata.uid || owner.name === vm.metadata.name)
}
