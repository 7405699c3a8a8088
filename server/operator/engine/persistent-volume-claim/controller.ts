import {
  type PersistentVolumeClaim,
  persistentVolumeClaimKind,
  persistentVolumeKind,
  storageClassKind,
} from '@/contract/kinds/core'
import { virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import { type ControllerDefinition, defineController, refOf, watchKind } from '../../runtime/controller'
import type { Engine } from '../engine'
import { HypervisorError } from '../hypervisor-port'
import { volumeName } from '../persistent-volume/volume'
import { isHoldingDisks, usersOfClaim } from '../storage/disk-users'
import { hypervisorOfNode, readDisk } from '../storage/read-disk'
import { chooseStorageClass, localProvisioner } from '../storage/storage-class'
import { claimNameOf, selectedNodeAnnotation } from '../virtual-machine-instance/volumes'
import { createIfAbsent, writeFinalizers, writeStatus } from '../writes'
import { readContent } from './content'
import { type ClaimAction, claimFinalizer, decideClaim, type ObservedClaim } from './decide'

const fieldManager = 'chiave-persistentvolumeclaim'

/** Provisions, binds, grows and protects claims on this host's storage class. */
export function persistentVolumeClaimController(engine: Engine): ControllerDefinition {
  const { informers } = engine
  const claims = informers.of(persistentVolumeClaimKind)
  return defineController({
    name: fieldManager,
    for: persistentVolumeClaimKind,
    watches: [
      watchKind(persistentVolumeKind, ({ spec: { claimRef } }) =>
        claimRef ? [{ namespace: claimRef.namespace, name: claimRef.name }] : [],
      ),
      watchKind(virtualMachineInstanceKind, (vmi) =>
        (vmi.spec.volumes ?? []).flatMap((volume) => {
          const name = claimNameOf(volume)
          return name === undefined ? [] : [{ namespace: vmi.metadata.namespace ?? '', name }]
        }),
      ),
      watchKind(storageClassKind, () =>
        claims
          .list()
          .filter((claim) => !claim.spec.volumeName)
          .map(refOf),
      ),
      // A clone waits for its source.
      watchKind(persistentVolumeClaimKind, (source) =>
        claims
          .list(source.metadata.namespace)
          .filter((claim) => !claim.spec.volumeName && claim.spec.dataSource?.name === source.metadata.name)
          .map(refOf),
      ),
    ],
    sources: [...engine.hypervisors.values()].map((hypervisor) => (enqueue, signal) => {
      hypervisor.subscribe((event) => {
        if (event.type === 'machine') return
        const one = event.type === 'disk' ? claims.byUid(event.id) : undefined
        const concerned = one ? [one] : event.type === 'disk' ? [] : claims.list()
        for (const claim of concerned) enqueue(refOf(claim))
      }, signal)
    }),
    async reconcile(ref) {
      const claim = claims.get(ref)
      if (!claim) return undefined
      const decision = decideClaim(await observe(engine, claim))
      let current = claim
      if (decision.status) {
        const { status } = decision
        current = await writeStatus(engine.client, persistentVolumeClaimKind, { object: claim, status, fieldManager })
      }
      for (const action of decision.actions) current = await perform(engine, current, action)
      return decision.requeueAfter === undefined ? undefined : { requeueAfter: decision.requeueAfter }
    },
  })
}

async function observe(engine: Engine, claim: PersistentVolumeClaim): Promise<ObservedClaim> {
  const { informers, clock } = engine
  const classes = informers.of(storageClassKind).list()
  const named = claim.spec.storageClassName
  const storageClass = named === undefined ? undefined : chooseStorageClass(classes, named)
  const local = storageClass?.provisioner === localProvisioner ? storageClass : undefined
  const volume = informers.of(persistentVolumeKind).get({ name: volumeName(claim) })
  const users = usersOfClaim(informers, claim)
  const nodeName = claim.metadata.annotations?.[selectedNodeAnnotation]
  const view = local && volume ? await readDisk(engine, nodeName, claim.metadata.uid ?? '') : { disk: undefined }
  return {
    claim,
    storageClass: local,
    defaultClass: named === undefined ? chooseStorageClass(classes, undefined) : undefined,
    volume,
    disk: view.disk,
    away: view.away,
    content: readContent(informers, claim),
    users: users.map((vmi) => vmi.metadata.name),
    open: users.some(isHoldingDisks),
    bestNode: local && !volume && nodeName === undefined ? await findBestNode(engine) : nodeName,
    now: clock.now(),
  }
}

/** The node with most room for disks. */
async function findBestNode({ hypervisors }: Engine): Promise<string | undefined> {
  const found: { name: string; free: number }[] = []
  for (const [name, hypervisor] of hypervisors) {
    try {
      found.push({ name, free: (await hypervisor.host()).storage.availableBytes })
    } catch (error) {
      if (!(error instanceof HypervisorError && error.code === 'Unavailable')) throw error
    }
  }
  return found.sort((a, b) => b.free - a.free)[0]?.name
}

async function perform(
  engine: Engine,
  claim: PersistentVolumeClaim,
  action: ClaimAction,
): Promise<PersistentVolumeClaim> {
  const { client } = engine
  const id = claim.metadata.uid ?? ''
  const events = engine.events('persistentvolume-controller')
  const patch = (body: object) =>
    client.patch(persistentVolumeClaimKind, refOf(claim), { type: 'merge', body }, { fieldManager })
  switch (action.type) {
    case 'addFinalizer':
      return writeFinalizers(client, persistentVolumeClaimKind, { object: claim, add: claimFinalizer, fieldManager })
    case 'removeFinalizer':
      return writeFinalizers(client, persistentVolumeClaimKind, { object: claim, remove: claimFinalizer, fieldManager })
    case 'setClass':
      return patch({ spec: { storageClassName: action.name } })
    case 'selectNode':
      return patch({
        metadata: {
          annotations: {
            [selectedNodeAnnotation]: action.nodeName,
            'volume.kubernetes.io/storage-provisioner': localProvisioner,
          },
        },
      })
    case 'createVolume':
      await createIfAbsent(client, persistentVolumeKind, { object: action.volume, fieldManager })
      return claim
    case 'createDisk': {
      const { sizeBytes, source } = action
      const name = `${claim.metadata.namespace}/${claim.metadata.name}`
      await hypervisorOfNode(engine, action.nodeName).createDisk({ id, name, sizeBytes, source })
      return claim
    }
    case 'resizeDisk':
      await hypervisorOfNode(engine, action.nodeName).resizeDisk(id, action.sizeBytes)
      return claim
    case 'setVolumeCapacity': {
      const body = { spec: { capacity: { storage: action.storage } } }
      await client.patch(persistentVolumeKind, { name: volumeName(claim) }, { type: 'merge', body }, { fieldManager })
      events.normal(claim, 'VolumeResizeSuccessful', `Resize volume succeeded: ${action.storage}`)
      return claim
    }
    case 'bind': {
      const annotations = { 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes' }
      const bound = await patch({ metadata: { annotations }, spec: { volumeName: action.volumeName } })
      events.normal(claim, 'ProvisioningSucceeded', `Successfully provisioned volume ${action.volumeName}`)
      return bound
    }
    case 'warn':
      events.warning(claim, action.reason, action.message)
      return claim
    case 'tell':
      events.normal(claim, action.reason, action.message)
      return claim
  }
}
