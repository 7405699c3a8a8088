import type {
  AccessCredential,
  CloudInitSource,
  VirtualMachineInstance,
  Volume,
} from '@/contract/kinds/virtual-machine-instance'
import type { CloudInitSeed } from '../hypervisor-port'
import { ProblemError } from './problem'

/** Decoded Secrets of the instance's namespace by name: key → text. */
export type SecretTexts = ReadonlyMap<string, Readonly<Record<string, string>>>

type SeedContent = Pick<CloudInitSeed, 'name' | 'type' | 'userData' | 'networkData' | 'metaData'>

const sourceOf = (volume: Volume) => volume.cloudInitNoCloud ?? volume.cloudInitConfigDrive

/** The volume that carries cloud-init; KubeVirt admits one. */
export function findCloudInitVolume(vmi: VirtualMachineInstance): Volume | undefined {
  return vmi.spec.volumes?.find((volume) => sourceOf(volume) !== undefined)
}

/** Names of the Secrets that an instance's cloud-init reads. */
export function cloudInitSecrets(vmi: VirtualMachineInstance): string[] {
  const volume = findCloudInitVolume(vmi)
  const source = volume && sourceOf(volume)
  const names = [
    source?.secretRef?.name,
    source?.networkDataSecretRef?.name,
    ...credentials(vmi).map((c) => c.secretName),
  ]
  return [...new Set(names.filter((name) => name !== undefined))]
}

/** The guest's own host name: what the spec says, else the first label of the instance's name. */
export function hostnameOf(vmi: VirtualMachineInstance): string {
  return vmi.spec.hostname ?? (vmi.metadata.name.split('.')[0] ?? vmi.metadata.name).slice(0, 63)
}

/**
 * What the seed image says: user and network data from the spec or from Secrets, and meta-data as the NoCloud and
 * ConfigDrive datasources name it, with the SSH keys of `accessCredentials`. Throws a ProblemError for a missing Secret.
 */
export function readCloudInit(vmi: VirtualMachineInstance, secrets: SecretTexts): SeedContent | undefined {
  const volume = findCloudInitVolume(vmi)
  const source = volume && sourceOf(volume)
  if (!volume || !source) return undefined
  const type = volume.cloudInitNoCloud ? 'noCloud' : 'configDrive'
  const networkData = readNetworkData(source, secrets)
  return {
    name: volume.name,
    type,
    userData: readUserData(source, secrets),
    ...(networkData === undefined ? {} : { networkData }),
    metaData: type === 'noCloud' ? noCloudMeta(vmi, secrets) : configDriveMeta(vmi, secrets),
  }
}

function readUserData(source: CloudInitSource, secrets: SecretTexts): string {
  if (source.userData !== undefined) return source.userData
  if (source.userDataBase64 !== undefined) return decode(source.userDataBase64)
  if (!source.secretRef) return ''
  return readKey(secrets, source.secretRef.name, ['userdata', 'userData']) ?? ''
}

function readNetworkData(source: CloudInitSource, secrets: SecretTexts): string | undefined {
  if (source.networkData !== undefined) return source.networkData
  if (source.networkDataBase64 !== undefined) return decode(source.networkDataBase64)
  if (source.networkDataSecretRef)
    return readKey(secrets, source.networkDataSecretRef.name, ['networkdata', 'networkData'])
  // One Secret may carry both.
  return source.secretRef ? readKey(secrets, source.secretRef.name, ['networkdata', 'networkData']) : undefined
}

function noCloudMeta(vmi: VirtualMachineInstance, secrets: SecretTexts): Record<string, unknown> {
  const keys = publicKeys(vmi, { secrets, method: 'noCloud' })
  return {
    'instance-id': instanceId(vmi),
    'local-hostname': hostnameOf(vmi),
    ...(Object.keys(keys).length === 0 ? {} : { 'public-keys': keys }),
  }
}

function configDriveMeta(vmi: VirtualMachineInstance, secrets: SecretTexts): Record<string, unknown> {
  const keys = publicKeys(vmi, { secrets, method: 'configDrive' })
  return {
    instance_id: instanceId(vmi),
    uuid: vmi.spec.domain.firmware?.uuid ?? vmi.metadata.uid ?? instanceId(vmi),
    hostname: hostnameOf(vmi),
    local_hostname: hostnameOf(vmi),
    ...(Object.keys(keys).length === 0 ? {} : { public_keys: keys }),
  }
}

function instanceId(vmi: VirtualMachineInstance): string {
  return `${vmi.metadata.name}.${vmi.metadata.namespace}`
}

function credentials(vmi: VirtualMachineInstance): { secretName: string; credential: AccessCredential }[] {
  return (vmi.spec.accessCredentials ?? []).flatMap((credential) => {
    const method = credential.sshPublicKey?.propagationMethod
    const secretName = credential.sshPublicKey?.source.secret?.secretName
    return secretName && (method?.noCloud || method?.configDrive) ? [{ secretName, credential }] : []
  })
}

function publicKeys(
  vmi: VirtualMachineInstance,
  { secrets, method }: { secrets: SecretTexts; method: 'noCloud' | 'configDrive' },
): Record<string, string> {
  const keys = credentials(vmi)
    .filter(({ credential }) => credential.sshPublicKey?.propagationMethod[method])
    .flatMap(({ secretName }) => Object.values(secretTexts(secrets, secretName)))
    .flatMap((text) => text.split('\n'))
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(keys.map((key, index) => [String(index), key]))
}

function readKey(secrets: SecretTexts, name: string, keys: readonly string[]): string | undefined {
  const texts = secretTexts(secrets, name)
  return keys.map((key) => texts[key]).find((text) => text !== undefined)
}

function secretTexts(secrets: SecretTexts, name: string): Readonly<Record<string, string>> {
  const texts = secrets.get(name)
  if (texts) return texts
  throw new ProblemError({
    reason: 'FailedSecretNotFound',
    message: `Secret ${name} does not exist, waiting for it to appear`,
  })
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8')
}
