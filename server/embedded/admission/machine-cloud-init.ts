import type { JsonObject } from '@/contract/json'
import type { Causes } from './causes'
import { objectAt, textAt } from './machine-fields'

/** Larger data goes into a Secret: the object is handed to every node. */
const byteLimit = 2048

interface Seed {
  /** `userData` or `networkData`. */
  name: 'userData' | 'networkData'
  /** The field that names a Secret. */
  secret: string
  /** What there is too much of, in the message about several. */
  several: string
}

const seeds: readonly Seed[] = [
  { name: 'userData', secret: 'secretRef', several: 'userdatasource' },
  { name: 'networkData', secret: 'networkDataSecretRef', several: 'networkdata source' },
]

/** The data for cloud-init: one source each, not too much of it. */
export function checkCloudInit(at: string, volume: JsonObject, causes: Causes): void {
  const type = ['cloudInitNoCloud', 'cloudInitConfigDrive'].find((name) => objectAt(volume, name))
  const source = type === undefined ? undefined : objectAt(volume, type)
  if (type === undefined || !source) return
  const field = `${at}.${type}`
  const given = seeds.map((seed) => checkSeed(field, { type, source, seed, causes }))
  if (given.some((count) => count > 0)) return
  causes.invalid(field, `${field} must have at least one userdatasource or one networkdatasource set.`)
}

interface SeedCheck {
  type: string
  source: JsonObject
  seed: Seed
  causes: Causes
}

/** How many sources there are. */
function checkSeed(field: string, { type, source, seed, causes }: SeedCheck): number {
  const encoded = textAt(source, `${seed.name}Base64`)
  const plain = textAt(source, seed.name)
  const count = [encoded, plain, textAt(source, seed.secret, 'name')].filter((text) => text !== '').length
  if (encoded !== '' && !isBase64(encoded)) {
    const name = `${seed.name}Base64`
    // The field's name is there twice, as in KubeVirt.
    causes.invalid(`${field}.${name}`, `${field}.${name}.${type}.${name} is not a valid base64 value.`)
  }
  if (count > 1) causes.invalid(field, `${field} must have only one ${seed.several} set.`)
  const size = plain === '' ? Buffer.from(encoded, 'base64').length : Buffer.byteLength(plain)
  if (size > byteLimit) {
    const [what, instead] =
      seed.name === 'userData' ? ['userdata', 'UserDataSecretRef'] : ['networkdata', 'NetworkDataSecretRef']
    causes.invalid(field, `${field} ${what} exceeds ${byteLimit} byte limit. Should use ${instead} for larger data.`)
  }
  return count
}

function isBase64(text: string): boolean {
  const packed = text.replace(/[\r\n]/g, '')
  return packed.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(packed)
}
