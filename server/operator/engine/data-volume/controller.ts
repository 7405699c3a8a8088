import {
  configMapKind,
  type PersistentVolumeClaim,
  persistentVolumeClaimKind,
  secretKind,
  storageClassKind,
} from '@/contract/kinds/core'
import { type DataVolume, dataVolumeKind } from '@/contract/kinds/data-volume'
import { storageProfileKind } from '@/contract/kinds/platform'
import { virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import type { KubeObject, ObjectRef } from '@/contract/kube-object'
import { quantityBytes } from '@/contract/quantity'
import { ApiError } from '@/server/cluster/kube-client'
import { type ControllerDefinition, defineController, refOf, watchKind } from '../../runtime/controller'
import type { Engine } from '../engine'
import { HypervisorError } from '../hypervisor-port'
import { hypervisorOfNode, readDisk } from '../storage/read-disk'
import { chooseStorageClass } from '../storage/storage-class'
import { selectedNodeAnnotation } from '../virtual-machine-instance/volumes'
import { createIfAbsent, writeStatus } from '../writes'
import { buildDataVolumeClaim } from './build-claim'
import { type DataVolumeEvent, decideDataVolume, type ObservedDataVolume } from './decide'
import { buildDiskSource, MissingReference, readSource } from './source'

const fieldManager = 'chiave-datavolume'

/** Gives DataVolumes their meaning: a claim and a disk filled from a URL, from another claim, or with nothing. */
export function dataVolumeController(engine: Engine): ControllerDefinition {
  const { informers } = engine
  const dataVolumes = informers.of(dataVolumeKind)
  const unfinished = () =>
    dataVolumes.list().filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed')

  return defineController({
    name: fieldManager,
    for: dataVolumeKind,
    owns: [persistentVolumeClaimKind],
    watches: [
      watchKind(storageClassKind, () => unfinished().map(refOf)),
      watchKind(storageProfileKind, () => unfinished().map(refOf)),
      // Clones wait for their source to be filled and free.
      watchKind(persistentVolumeClaimKind, (claim) => clonesOf(unfinished(), claim)),
      watchKind(dataVolumeKind, (source) => clonesOf(unfinished(), source)),
      watchKind(virtualMachineInstanceKind, () =>
        unfinished()
          .filter(({ spec }) => spec.source?.pvc)
          .map(refOf),
      ),
      watchKind(secretKind, (secret) => namedIn(unfinished(), secret)),
      watchKind(configMapKind, (configMap) => namedIn(unfinished(), configMap)),
    ],
    sources: [...engine.hypervisors.values()].map((hypervisor) => (enqueue, signal) => {
      hypervisor.subscribe((event) => {
        if (event.type === 'machine') return
        for (const dataVolume of unfinished()) {
          const claim = informers.of(persistentVolumeClaimKind).get(refOf(dataVolume))
          if (event.id === '' || claim?.metadata.uid === event.id) enqueue(refOf(dataVolume))
        }
      }, signal)
    }),
    workers: 4,
    async reconcile(ref) {
      const dataVolume = dataVolumes.get(ref)
      if (!dataVolume) return undefined
      return reconcile(engine, await observe(engine, dataVolume))
    },
  })
}

async function observe(engine: Engine, dataVolume: DataVolume): Promise<ObservedDataVolume> {
  const { informers, clock } = engine
  const found = informers.of(persistentVolumeClaimKind).get(refOf(dataVolume))
  const controlled = found?.metadata.ownerReferences?.some(({ uid }) => uid === dataVolume.metadata.uid) ?? false
  const claim = controlled ? found : undefined
  const source = readSource(informers, dataVolume)
  const wanted = dataVolume.spec.storage ?? dataVolume.spec.pvc
  const storageClass = chooseStorageClass(informers.of(storageClassKind).list(), wanted?.storageClassName)
  const profile = storageClass && informers.of(storageProfileKind).get({ name: storageClass.metadata.name })
  const node = claim?.metadata.annotations?.[selectedNodeAnnotation]
  const view =
    claim?.status?.phase === 'Bound' ? await readDisk(engine, node, claim.metadata.uid ?? '') : { disk: undefined }
  return {
    dataVolume,
    claim,
    occupied: found !== undefined && !controlled,
    planned: buildDataVolumeClaim({ dataVolume, source, storageClass, profile }),
    source,
    disk: view.disk,
    away: view.away,
    now: clock.now(),
  }
}

async function reconcile(engine: Engine, observed: ObservedDataVolume) {
  const { dataVolume } = observed
  const decision = decideDataVolume(observed)
  const written = await writeStatus(engine.client, dataVolumeKind, {
    object: dataVolume,
    status: decision.status,
    fieldManager,
  })
  // Said once: when the status that says the same was written.
  if (written !== dataVolume) tell(engine, dataVolume, decision.events)
  for (const action of decision.actions) {
    if (action.type === 'createClaim') await createClaim(engine, dataVolume, action.claim)
    else if (!(await createDisk(engine, { ...observed, dataVolume: written }))) return { requeueAfter: 10_000 }
  }
  return decision.requeueAfter === undefined ? undefined : { requeueAfter: decision.requeueAfter }
}

function tell(engine: Engine, dataVolume: DataVolume, events: readonly DataVolumeEvent[]): void {
  const recorder = engine.events('datavolume-import-controller')
  for (const { type, reason, message } of events) {
    if (type === 'Normal') recorder.normal(dataVolume, reason, message)
    else recorder.warning(dataVolume, reason, message)
  }
}

async function createClaim(engine: Engine, dataVolume: DataVolume, claim: PersistentVolumeClaim): Promise<void> {
  try {
    await createIfAbsent(engine.client, persistentVolumeClaimKind, { object: claim, fieldManager })
  } catch (error) {
    if (error instanceof ApiError && error.code < 500) {
      const reason = error.message.includes('exceeded quota') ? 'ErrExceededQuota' : 'ErrClaimNotValid'
      engine.events('datavolume-import-controller').warning(dataVolume, reason, error.message)
    }
    throw error
  }
}

/** `false` when a Secret or ConfigMap is missing: that is told in the status. */
async function createDisk(engine: Engine, observed: ObservedDataVolume): Promise<boolean> {
  const { dataVolume, claim, source } = observed
  if (!claim) return true
  try {
    const hypervisor = hypervisorOfNode(engine, claim.metadata.annotations?.[selectedNodeAnnotation])
    await hypervisor.createDisk({
      id: claim.metadata.uid ?? '',
      name: `${dataVolume.metadata.namespace}/${dataVolume.metadata.name}`,
      sizeBytes: quantityBytes(claim.status?.capacity?.storage) ?? 0,
      source: await buildDiskSource(engine.client, dataVolume, source),
    })
    return true
  } catch (error) {
    const refused = readRefusal(error)
    if (!refused) throw error
    await report(engine, { ...observed, ...refused })
    return false
  }
}

/** What the host refuses outright is as final as an import that failed for good; what is missing may appear. */
function readRefusal(error: unknown): Pick<ObservedDataVolume, 'missingReference' | 'disk'> | undefined {
  if (error instanceof MissingReference) return { missingReference: error.message }
  if (!(error instanceof HypervisorError) || error.code === 'Unavailable' || error.code === 'Busy') return undefined
  const { message } = error
  const retryable = error.code === 'NoSpace'
  return { disk: { id: '', name: '', phase: 'failed', sizeBytes: 0, usedBytes: 0, restarts: 0, message, retryable } }
}

async function report(engine: Engine, observed: ObservedDataVolume): Promise<void> {
  const { status, events } = decideDataVolume(observed)
  const { dataVolume } = observed
  const written = await writeStatus(engine.client, dataVolumeKind, { object: dataVolume, status, fieldManager })
  if (written !== dataVolume) tell(engine, dataVolume, events)
}

function clonesOf(dataVolumes: readonly DataVolume[], source: KubeObject): ObjectRef[] {
  return dataVolumes
    .filter(({ spec, metadata }) => {
      const pvc = spec.source?.pvc
      return pvc?.name === source.metadata.name && (pvc.namespace ?? metadata.namespace) === source.metadata.namespace
    })
    .map(refOf)
}

function namedIn(dataVolumes: readonly DataVolume[], object: KubeObject): ObjectRef[] {
  return dataVolumes
    .filter(({ metadata }) => metadata.namespace === object.metadata.namespace)
    .filter(({ spec: { source } }) => {
      const http = source?.http
      const names = [http?.secretRef, http?.certConfigMap, ...(http?.secretExtraHeaders ?? [])]
      return names.includes(object.metadata.name)
    })
    .map(refOf)
}
