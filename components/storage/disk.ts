import type { PersistentVolumeClaim } from '@/contract/kinds/core'
import type { DataVolume, DataVolumePhase } from '@/contract/kinds/data-volume'
import type { VirtualMachine } from '@/contract/kinds/virtual-machine'
import { quantityBytes } from '@/contract/quantity'

/** A disk: the claim that holds it, and the DataVolume that fills it. At least one is there. */
export interface Disk {
  namespace: string
  name: string
  claim?: PersistentVolumeClaim
  dataVolume?: DataVolume
  /** Names of the machines in the same namespace that use it. */
  machines: readonly string[]
}

export type DiskState = 'ready' | 'filling' | 'waiting' | 'failed' | 'lost' | 'paused' | 'deleting' | 'unknown'

/** Puts claims, DataVolumes (a claim has its DataVolume's name) and the machines that use them together. */
export function joinDisks(
  claims: readonly PersistentVolumeClaim[],
  dataVolumes: readonly DataVolume[],
  vms: readonly VirtualMachine[],
): readonly Disk[] {
  const disks = new Map<string, Disk>()
  const add = (namespace: string, name: string, part: Partial<Disk>) => {
    const key = `${namespace}/${name}`
    disks.set(key, { ...(disks.get(key) ?? { namespace, name, machines: [] }), ...part })
  }
  for (const claim of claims) add(claim.metadata.namespace ?? '', claim.metadata.name, { claim })
  for (const dataVolume of dataVolumes) {
    const { namespace = '', name } = dataVolume.metadata
    add(namespace, dataVolume.status?.claimName ?? name, { dataVolume })
  }
  for (const { namespace, name, machine } of vms.flatMap(usesOf)) {
    const disk = disks.get(`${namespace}/${name}`)
    if (disk) add(namespace, name, { machines: [...disk.machines, machine] })
  }
  return [...disks.values()]
}

/** The disks that a machine names. */
function usesOf(vm: VirtualMachine): { namespace: string; name: string; machine: string }[] {
  const { namespace = '', name: machine } = vm.metadata
  return (vm.spec.template.spec.volumes ?? []).flatMap(({ dataVolume, persistentVolumeClaim }) => {
    const name = dataVolume?.name ?? persistentVolumeClaim?.claimName
    return name === undefined ? [] : [{ namespace, name, machine }]
  })
}

/** Phases that are not simply work in progress. */
const phaseStates: Partial<Record<DataVolumePhase, DiskState>> = {
  '': 'waiting',
  Pending: 'waiting',
  PVCBound: 'waiting',
  WaitForFirstConsumer: 'waiting',
  PendingPopulation: 'waiting',
  UploadReady: 'waiting',
  Failed: 'failed',
  Paused: 'paused',
  Unknown: 'unknown',
}

export function diskStateOf({ claim, dataVolume }: Pick<Disk, 'claim' | 'dataVolume'>): DiskState {
  if (claim?.metadata.deletionTimestamp || dataVolume?.metadata.deletionTimestamp) return 'deleting'
  if (claim?.status?.phase === 'Lost') return 'lost'
  const phase = dataVolume && (dataVolume.status?.phase ?? '')
  if (phase !== undefined && phase !== 'Succeeded') return phaseStates[phase] ?? 'filling'
  return claim === undefined ? 'unknown' : claimStateOf(claim)
}

function claimStateOf({ status }: PersistentVolumeClaim): DiskState {
  return status?.phase === 'Bound' ? 'ready' : 'waiting'
}

/** An import, clone or upload that has neither succeeded nor been given up. */
export function isUnderWay(dataVolume: DataVolume): boolean {
  return ['filling', 'waiting', 'failed', 'paused'].includes(diskStateOf({ dataVolume }))
}

/** 0 to 100; undefined when the importer does not know (`N/A`). */
export function percentOf(dataVolume: DataVolume): number | undefined {
  if (dataVolume.status?.phase === 'Succeeded') return 100
  const match = /^(\d+(?:\.\d+)?)%$/.exec(dataVolume.status?.progress ?? '')
  return match ? Number(match[1]) : undefined
}

/** Bytes: what the disk has, else what was asked for. */
export function diskSizeOf({ claim, dataVolume }: Disk): number | undefined {
  const asked = dataVolume?.spec.storage ?? dataVolume?.spec.pvc
  return quantityBytes(
    claim?.status?.capacity?.storage ?? claim?.spec.resources?.requests?.storage ?? asked?.resources?.requests?.storage,
  )
}

/** Why it does not go on, in the importer's own words. */
export function diskReasonOf({ dataVolume }: Pick<Disk, 'dataVolume'>): string | undefined {
  const conditions = dataVolume?.status?.conditions ?? []
  const running = conditions.find(({ type, message }) => type === 'Running' && message)
  const bound = conditions.find(({ type, status, message }) => type === 'Bound' && status !== 'True' && message)
  return running?.message ?? bound?.message
}

export type DiskOrigin = 'http' | 'blank' | 'pvc' | 'upload' | 'registry' | 'snapshot' | 'other'

/** Where its content comes from, and the address where there is one. */
export function diskOriginOf({ dataVolume }: Disk): { kind: DiskOrigin; from?: string } | undefined {
  const source = dataVolume?.spec.source
  if (source === undefined) return undefined
  if (source.http) return { kind: 'http', from: source.http.url }
  if (source.blank) return { kind: 'blank' }
  if (source.pvc) return { kind: 'pvc', from: [source.pvc.namespace, source.pvc.name].filter(Boolean).join('/') }
  if (source.upload) return { kind: 'upload' }
  if (source.registry) return { kind: 'registry', ...(source.registry.url ? { from: source.registry.url } : {}) }
  if (source.snapshot) return { kind: 'snapshot', from: source.snapshot.name }
  return { kind: 'other' }
}
