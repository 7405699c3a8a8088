import { isDeepStrictEqual } from 'node:util'
import { namespaceKind, type StorageClass, storageClassKind } from '@/contract/kinds/core'
import { apiVersionOf, type Kind } from '@/contract/kinds/kind'
import {
  type Cdi,
  type CdiConfig,
  cdiConfigKind,
  cdiKind,
  type KubeVirt,
  kubeVirtKind,
  type StorageProfile,
  storageProfileKind,
} from '@/contract/kinds/platform'
import type { Condition, KubeObject } from '@/contract/kube-object'
import { type Clock, formatTime } from '@/server/cluster/clock'
import type { KubeClient } from '@/server/cluster/kube-client'
import { localProvisioner, localStorageClass } from './storage/storage-class'
import { createIfAbsent, writeObject, writeStatus } from './writes'

const fieldManager = 'chiave-platform-objects'

/** The releases whose behaviour this engine follows; clients read from them what they may ask for. */
export const kubeVirtVersion = 'v1.9.0'
export const cdiVersion = 'v1.66.0'

/** Namespaces that exist before anybody asks for one. */
const namespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease', 'kubevirt', 'cdi', 'chiave-system']

/**
 * Installs, and at each start brings up to date, the objects in which the platform describes itself: namespaces, storage
 * class and profile, the KubeVirt and CDI resources. What a person changed in their specs stays.
 */
export async function installPlatformObjects(client: KubeClient, clock: Clock): Promise<void> {
  await Promise.all(
    namespaces.map((name) => {
      const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
      return createIfAbsent(client, namespaceKind, { object, fieldManager })
    }),
  )
  await Promise.all([
    createIfAbsent(client, storageClassKind, { object: storageClass, fieldManager }),
    install(client, storageProfileKind, { object: storageProfile, status: () => storageProfileStatus }),
    install(client, cdiConfigKind, { object: cdiConfig, status: () => cdiConfigStatus }),
    install(client, kubeVirtKind, {
      object: kubeVirt,
      status: (found) => kubeVirtStatus(found.status?.conditions, clock),
    }),
    install(client, cdiKind, { object: cdi, status: (found) => cdiStatus(found.status?.conditions, clock) }),
  ])
}

interface Installation<T extends KubeObject & { status?: unknown }> {
  object: T
  status(found: T): NonNullable<T['status']>
}

async function install<T extends KubeObject & { status?: unknown }>(
  client: KubeClient,
  kind: Kind<T>,
  { object, status }: Installation<T>,
): Promise<void> {
  await createIfAbsent(client, kind, { object, fieldManager })
  const { namespace, name } = object.metadata
  const found = await client.get(kind, namespace ? { namespace, name } : { name })
  await writeStatus(client, kind, { object: found, status: status(found), fieldManager })
}

const storageClass: StorageClass = {
  apiVersion: apiVersionOf(storageClassKind),
  kind: storageClassKind.kind,
  metadata: {
    name: localStorageClass,
    annotations: {
      'storageclass.kubernetes.io/is-default-class': 'true',
      'storageclass.kubevirt.io/is-default-virt-class': 'true',
    },
  },
  provisioner: localProvisioner,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'Immediate',
  allowVolumeExpansion: true,
}

const storageProfile: StorageProfile = {
  apiVersion: apiVersionOf(storageProfileKind),
  kind: storageProfileKind.kind,
  metadata: { name: localStorageClass },
  spec: {},
}

const storageProfileStatus: NonNullable<StorageProfile['status']> = {
  storageClass: localStorageClass,
  provisioner: localProvisioner,
  claimPropertySets: [{ accessModes: ['ReadWriteOnce'], volumeMode: 'Filesystem' }],
  cloneStrategy: 'copy',
}

const cdiConfig: CdiConfig = {
  apiVersion: apiVersionOf(cdiConfigKind),
  kind: cdiConfigKind.kind,
  metadata: { name: 'config' },
  spec: {},
}

/** Disks are files of exactly the claim's size: nothing is kept back for a file system. */
const cdiConfigStatus: NonNullable<CdiConfig['status']> = {
  scratchSpaceStorageClass: localStorageClass,
  filesystemOverhead: { global: '0', storageClass: { [localStorageClass]: '0' } },
}

const kubeVirt: KubeVirt = {
  apiVersion: apiVersionOf(kubeVirtKind),
  kind: kubeVirtKind.kind,
  metadata: { name: 'kubevirt', namespace: 'kubevirt' },
  spec: { configuration: {} },
}

/** Says in KubeVirt's own configuration whether guests run in software emulation, as the host has found out. */
export async function writeEmulation(client: KubeClient, useEmulation: boolean): Promise<void> {
  const found = await client.get(kubeVirtKind, { namespace: 'kubevirt', name: 'kubevirt' })
  const configuration = found.spec?.configuration
  const before = configuration?.developerConfiguration
  if ((before?.useEmulation ?? false) === useEmulation) return
  const developerConfiguration = { ...before, useEmulation }
  const next = { ...found, spec: { ...found.spec, configuration: { ...configuration, developerConfiguration } } }
  await writeObject(client, kubeVirtKind, { read: found, next, fieldManager })
}

function kubeVirtStatus(before: Condition[] | undefined, clock: Clock): NonNullable<KubeVirt['status']> {
  return {
    phase: 'Deployed',
    observedKubeVirtVersion: kubeVirtVersion,
    targetKubeVirtVersion: kubeVirtVersion,
    operatorVersion: kubeVirtVersion,
    conditions: available(before, { reason: 'AllComponentsReady', message: 'All components are ready.', clock }),
  }
}

const cdi: Cdi = { apiVersion: apiVersionOf(cdiKind), kind: cdiKind.kind, metadata: { name: 'cdi' }, spec: {} }

function cdiStatus(before: Condition[] | undefined, clock: Clock): NonNullable<Cdi['status']> {
  return {
    phase: 'Deployed',
    observedVersion: cdiVersion,
    targetVersion: cdiVersion,
    operatorVersion: cdiVersion,
    conditions: available(before, { reason: 'DeployCompleted', message: 'Deployment Completed', clock }),
  }
}

function available(
  before: Condition[] | undefined,
  { reason, message, clock }: { reason: string; message: string; clock: Clock },
): Condition[] {
  const since = before?.[0]?.lastTransitionTime ?? formatTime(clock.now())
  const states: Condition[] = [
    { type: 'Available', status: 'True', reason, message },
    { type: 'Progressing', status: 'False', reason, message },
    { type: 'Degraded', status: 'False', reason, message },
  ]
  const wanted = states.map((state) => ({ ...state, lastTransitionTime: since }))
  return before && isDeepStrictEqual(before, wanted) ? before : wanted
}
