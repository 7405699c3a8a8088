import type { PersistentVolumeClaim } from '@/contract/kinds/core'
import { configMapKind, persistentVolumeClaimKind, secretKind } from '@/contract/kinds/core'
import {
  checksumUrlAnnotation,
  type DataVolume,
  type DataVolumeSpec,
  dataVolumeKind,
} from '@/contract/kinds/data-volume'
import type { KubeClient } from '@/server/cluster/kube-client'
import type { Informers } from '../../runtime/manager'
import type { DiskSource } from '../hypervisor-port'
import { isHoldingDisks, usersOfClaim } from '../storage/disk-users'

/** What a DataVolume is filled from, as far as it can be told without reading Secrets. */
export type SourceView =
  | { type: 'import' }
  /** `waits`: why the source cannot be copied yet. */
  | { type: 'clone'; from: string; claim?: PersistentVolumeClaim | undefined; waits?: string | undefined }
  | { type: 'unsupported'; message: string }

const names: Readonly<Record<string, string>> = {
  upload: 'uploads',
  registry: 'imports from a container registry',
  snapshot: 'clones of a VolumeSnapshot',
  s3: 'imports from S3',
  gcs: 'imports from Google Cloud Storage',
  imageio: 'imports from oVirt',
  vddk: 'imports from VMware',
}

export function readSource(informers: Informers, dataVolume: DataVolume): SourceView {
  const { source, sourceRef, contentType } = dataVolume.spec
  if (contentType === 'archive') return unsupported('archives')
  if (sourceRef) return unsupported(`boot sources (${sourceRef.kind} ${sourceRef.name})`)
  const [type] = Object.keys(source ?? {})
  if (source?.blank) return { type: 'import' }
  if (source?.http) return readHttp(dataVolume, source.http)
  if (source?.pvc) return readClone(informers, dataVolume, source.pvc)
  return unsupported(names[type ?? ''] ?? (type ? `sources of type ${type}` : 'DataVolumes without a source'))
}

type HttpSource = NonNullable<NonNullable<DataVolumeSpec['source']>['http']>

function readHttp(dataVolume: DataVolume, http: HttpSource): SourceView {
  if (!isHttpUrl(http.url)) {
    return { type: 'unsupported', message: `"${http.url}" is not an http:// or https:// address` }
  }
  const checksumUrl = readChecksumUrl(dataVolume, http)
  if (checksumUrl === undefined || isHttpUrl(checksumUrl)) return { type: 'import' }
  const message = `"${checksumUrl}" in the annotation ${checksumUrlAnnotation} is not an http:// or https:// address`
  return { type: 'unsupported', message }
}

function isHttpUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text)
}

/** Where the checksum is to be looked up: an explicit one needs no looking up. */
function readChecksumUrl({ metadata }: DataVolume, { checksum }: HttpSource): string | undefined {
  return checksum ? undefined : metadata.annotations?.[checksumUrlAnnotation] || undefined
}

function unsupported(what: string): SourceView {
  return { type: 'unsupported', message: `${what} are not available on this host` }
}

function readClone(
  informers: Informers,
  dataVolume: DataVolume,
  pvc: NonNullable<NonNullable<DataVolumeSpec['source']>['pvc']>,
): SourceView {
  const namespace = pvc.namespace ?? dataVolume.metadata.namespace ?? ''
  const from = `${namespace}/${pvc.name}`
  const claim = informers.of(persistentVolumeClaimKind).get({ namespace, name: pvc.name })
  if (!claim) return { type: 'clone', from, waits: `the source PVC ${from} does not exist` }
  const filler = informers.of(dataVolumeKind).get({ namespace, name: pvc.name })
  const filled = !filler || filler.status?.phase === 'Succeeded'
  if (claim.status?.phase !== 'Bound' || !filled) {
    return { type: 'clone', from, claim, waits: `the source PVC ${from} is not filled yet` }
  }
  const user = usersOfClaim(informers, claim).find(isHoldingDisks)
  if (user) return { type: 'clone', from, claim, waits: `the source PVC ${from} is in use by ${user.metadata.name}` }
  return { type: 'clone', from, claim }
}

/** A Secret or ConfigMap that the source names is not there. */
export class MissingReference extends Error {}

/** The source as the host's importer takes it, with what Secrets and ConfigMaps hold. */
export async function buildDiskSource(
  client: KubeClient,
  dataVolume: DataVolume,
  view: SourceView,
): Promise<DiskSource> {
  if (view.type === 'clone') return { type: 'clone', diskId: view.claim?.metadata.uid ?? '' }
  const http = dataVolume.spec.source?.http
  return http ? buildHttpSource(client, dataVolume, http) : { type: 'blank' }
}

async function buildHttpSource(client: KubeClient, dataVolume: DataVolume, http: HttpSource): Promise<DiskSource> {
  const namespace = dataVolume.metadata.namespace ?? ''
  const checksumUrl = readChecksumUrl(dataVolume, http)
  const { url, checksum, insecureSkipVerify, secretRef, certConfigMap } = http
  const secret = secretRef ? await readSecret(client, { namespace, name: secretRef }) : undefined
  const headers = [...(http.extraHeaders ?? [])]
  for (const name of http.secretExtraHeaders ?? []) {
    headers.push(...Object.values(await readSecret(client, { namespace, name })))
  }
  const certificates = certConfigMap ? await readCertificates(client, { namespace, name: certConfigMap }) : undefined
  return {
    type: 'http',
    url,
    ...(checksum ? { checksum } : {}),
    ...(checksumUrl ? { checksumUrl } : {}),
    ...(certificates ? { caCertificates: certificates } : {}),
    ...(insecureSkipVerify ? { insecureSkipVerify: true } : {}),
    ...(headers.length > 0 ? { headers } : {}),
    ...(secret ? { basicAuth: { user: secret['accessKeyId'] ?? '', password: secret['secretKey'] ?? '' } } : {}),
  }
}

async function readSecret(
  client: KubeClient,
  ref: { namespace: string; name: string },
): Promise<Record<string, string>> {
  const secret = await client.find(secretKind, ref)
  if (!secret) throw new MissingReference(`Secret ${ref.name} does not exist in namespace ${ref.namespace}`)
  const texts = Object.entries(secret.data ?? {}).map(([key, value]) => [
    key,
    Buffer.from(value, 'base64').toString('utf8'),
  ])
  return Object.fromEntries(texts) as Record<string, string>
}

async function readCertificates(client: KubeClient, ref: { namespace: string; name: string }): Promise<string> {
  const configMap = await client.find(configMapKind, ref)
  if (!configMap) throw new MissingReference(`ConfigMap ${ref.name} does not exist in namespace ${ref.namespace}`)
  return Object.values(configMap.data ?? {}).join('\n')
}
