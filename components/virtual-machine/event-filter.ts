import type { KubeEvent } from '@/contract/kinds/core'

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
