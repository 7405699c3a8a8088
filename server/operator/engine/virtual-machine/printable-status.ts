import type { PrintableStatus } from '@/contract/kinds/virtual-machine'

/** What the printable status is read from; each follows from the VM, its instance, DataVolumes and claims. */
export interface PrintableFacts {
  terminating: boolean
  /** The instance is not final and is being deleted, or will be in this pass. */
  stopping: boolean
  migrating: boolean
  paused: boolean
  running: boolean
  claimNotFound: boolean
  dataVolumeError: boolean
  unschedulable: boolean
  provisioning: boolean
  waitingForVolumeBinding: boolean
  imagePullError: boolean
  imagePullBackOff: boolean
  /** The instance will be created in this pass, or is on its way to Running. */
  starting: boolean
  crashLoop: boolean
  stopped: boolean
  waitingForReceiver: boolean
}

/** First match wins (KubeVirt's virt-controller keeps the same list in the same order). */
export const printableOrder: readonly (readonly [keyof PrintableFacts, PrintableStatus])[] = [
  ['terminating', 'Terminating'],
  ['stopping', 'Stopping'],
  ['migrating', 'Migrating'],
  ['paused', 'Paused'],
  ['running', 'Running'],
  ['claimNotFound', 'ErrorPvcNotFound'],
  ['dataVolumeError', 'DataVolumeError'],
  ['unschedulable', 'ErrorUnschedulable'],
  ['provisioning', 'Provisioning'],
  ['waitingForVolumeBinding', 'WaitingForVolumeBinding'],
  ['imagePullError', 'ErrImagePull'],
  ['imagePullBackOff', 'ImagePullBackOff'],
  ['starting', 'Starting'],
  ['crashLoop', 'CrashLoopBackOff'],
  ['stopped', 'Stopped'],
  ['waitingForReceiver', 'WaitingForReceiver'],
]

export function printableStatusOf(facts: PrintableFacts): PrintableStatus {
  return printableOrder.find(([fact]) => facts[fact])?.[1] ?? 'Unknown'
}
