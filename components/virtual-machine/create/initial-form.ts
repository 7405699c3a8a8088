import type { CreateVirtualMachineForm, DiskSource } from '@/contract/builders/create-virtual-machine-form'
import { binarySize, smallestSizeFor } from '@/contract/builders/sizes'
import { generatePassword } from '@/contract/cloud-init/password'
import { suggestName } from '@/contract/names'
import { type ImageChoice, isOwnSource } from '../../catalog/image-choice'

export interface InitialFormOptions {
  namespace: string
  /** Names of machines there are. */
  taken?: ReadonlySet<string>
  /** Public keys of the person's profile, or that this browser remembers. */
  sshKeys?: readonly string[]
}

const gibibyte = 2 ** 30

/** The form as it is offered for an image of the catalog: complete, so that one can create at once. */
export function initialFormFor(image: ImageChoice, options: InitialFormOptions): CreateVirtualMachineForm {
  const size = smallestSizeFor(image.minimumMemory)
  return {
    image: image.id,
    source: {
      type: 'http',
      url: image.url,
      checksum: '',
      checksumUrl: image.checksumUrl,
      certConfigMap: image.certConfigMap,
    },
    firmware: image.firmware,
    name: suggestName(namePrefix(image.id), options.taken ? { taken: options.taken } : {}),
    namespace: options.namespace,
    cpus: size.cpus,
    memory: size.memory,
    // A little room on top of what the image brings; whole GiB read better.
    diskSize: image.minimumDisk < gibibyte ? '1Gi' : binarySize(Math.ceil(image.minimumDisk / gibibyte) * gibibyte),
    start: true,
    ...initialAccess(image.seed, image.user, options.sshKeys ?? []),
  }
}

/** The form for something of one's own; what only the person can know is empty. */
export function initialFormForOwn(id: string, options: InitialFormOptions): CreateVirtualMachineForm | undefined {
  if (!isOwnSource(id)) return undefined
  const sources: Record<typeof id, DiskSource> = {
    url: { type: 'http', url: '', checksum: '', checksumUrl: '', certConfigMap: '' },
    claim: { type: 'clone', namespace: '', name: '' },
    blank: { type: 'blank' },
  }
  return {
    image: '',
    source: sources[id],
    firmware: 'default',
    name: suggestName('machine', options.taken ? { taken: options.taken } : {}),
    namespace: options.namespace,
    cpus: 1,
    memory: '1Gi',
    diskSize: '10Gi',
    // An empty disk boots nothing, but one wants to see its screen all the same.
    start: true,
    ...initialAccess(id === 'url' ? 'cloud-init' : 'none', 'chiave', options.sshKeys ?? []),
  }
}

/** What a suggested name begins with: `debian-12` → `debian`, `chiave-demo` → `demo`, nothing → `machine`. */
export function namePrefix(image: string): string {
  return image.replace(/^chiave-/, '').replace(/-\d.*$/, '') || 'machine'
}

type Access = Pick<CreateVirtualMachineForm, 'seed' | 'user' | 'password' | 'sshKeys'>

/** The log-in that is offered with a way of telling the guest. */
export function initialAccess(
  seed: CreateVirtualMachineForm['seed'],
  user: string,
  sshKeys: readonly string[],
): Access {
  if (seed === 'none') return { seed, user: '', password: '', sshKeys: [] }
  return { seed, user, password: seed === 'cloud-init' ? generatePassword() : '', sshKeys: [...sshKeys] }
}
