import type { StorageClass } from '@/contract/kinds/core'

/** The provisioner and the class of this host's disks. */
export const localProvisioner = 'local.chiave.io'
export const localStorageClass = 'chiave-local'

const defaultMarks = ['storageclass.kubevirt.io/is-default-virt-class', 'storageclass.kubernetes.io/is-default-class']

/** The named class, else the default for machines' disks, else the general default. */
export function chooseStorageClass(
  classes: readonly StorageClass[],
  name: string | undefined,
): StorageClass | undefined {
  if (name !== undefined) return classes.find((storageClass) => storageClass.metadata.name === name)
  const sorted = [...classes].sort((a, b) => a.metadata.name.localeCompare(b.metadata.name))
  return defaultMarks
    .map((mark) => sorted.find((storageClass) => storageClass.metadata.annotations?.[mark] === 'true'))
    .find((storageClass) => storageClass !== undefined)
}
