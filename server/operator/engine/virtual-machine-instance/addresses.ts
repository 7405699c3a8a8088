import { createHash } from 'node:crypto'

/** Guests' addresses lie in 10.42.0.0/16; the first sixteen are the network's own (gateway, DNS). */
const firstHost = 16
const lastHost = 65_534

export interface AddressPool {
  /**
   * The address of an instance: what it holds already, else the one its name points to, else the next free one.
   * `undefined` when the network is full.
   */
  allocate(holder: { uid: string; namespace: string; name: string; held?: string | undefined }): string | undefined
  release(uid: string): void
}

/**
 * `taken` lists the addresses that objects carry, by the holder's uid; what was given out and is not written yet is
 * remembered here, so that two instances never get one address between them.
 */
export function createAddressPool(taken: () => Iterable<readonly [uid: string, address: string]>): AddressPool {
  const given = new Map<string, string>()

  return {
    allocate({ uid, namespace, name, held }) {
      const own = held ?? given.get(uid)
      if (own) {
        given.set(uid, own)
        return own
      }
      const used = new Set(given.values())
      for (const [, address] of taken()) used.add(address)
      const address = findFree(`${namespace}/${name}`, used)
      if (address) given.set(uid, address)
      return address
    },
    release: (uid) => void given.delete(uid),
  }
}

/** Starts where the name's hash points and goes on from there, so that a machine gets its old address back if it can. */
function findFree(name: string, used: ReadonlySet<string>): string | undefined {
  const count = lastHost - firstHost + 1
  const start = createHash('sha256').update(name).digest().readUInt32BE(0) % count
  for (let step = 0; step < count; step++) {
    const host = firstHost + ((start + step) % count)
    const address = `10.42.${host >> 8}.${host & 0xff}`
    if (!used.has(address)) return address
  }
  return undefined
}
