import { createHash } from 'node:crypto'
import { isIPv4 } from 'node:net'
import { type JsonObject, objectsOf, part } from '@/contract/json'
import { type FieldError, internalError, invalid, invalidValue } from '../errors/status-error'
import { groupKind } from '../registry/served-resource'
import { parseObject } from '../storage/log-entry'
import type { ObjectStore } from '../storage/object-store'
import { clusterIpsOf, needsClusterIp, needsNodePorts, nodePortOf } from '../strategies/service-addresses'
import type { AdmissionPlugin, AdmissionRequest } from './admission'

/** Reads past the last commit: inside a write's turn that is what the writes before it in the same batch left. */
const newest = Number.MAX_SAFE_INTEGER

/**
 * Numbers that are given out. As in Kubernetes the lowest are left to those who choose for themselves, and given out
 * when there are no others.
 */
interface Range {
  first: number
  size: number
  leftAlone: number
}

/** 10.43.0.1 to 10.43.255.254; the first stands for the API server itself by custom, so that it is never given out. */
const network = '10.43.0.0/16'
const addresses: Range = { first: ipv4('10.43.0.2'), size: 2 ** 16 - 3, leftAlone: 255 }
const nodePorts: Range = { first: 30_000, size: 2768, leftAlone: 86 }

interface Taken {
  addresses: readonly string[]
  ports: readonly number[]
}

/**
 * What Services hold, counted from the store within a write's turn. A row of the log never changes, so each is parsed
 * once.
 */
class HeldByServices {
  readonly #store: ObjectStore
  #rows = new Map<number, Taken>()

  constructor(store: ObjectStore) {
    this.#store = store
  }

  /** What all Services but one hold. */
  except(namespace: string, name: string): { addresses: Set<string>; ports: Set<number> } {
    const rows = new Map<number, Taken>()
    const taken = { addresses: new Set<string>(), ports: new Set<number>() }
    for (const row of this.#store.snapshot({ resource: 'services', revision: newest })) {
      const held = this.#rows.get(row.revision) ?? this.#read(row.revision)
      // A row of a batch that is not committed may yet be another one.
      if (row.revision <= this.#store.revision) rows.set(row.revision, held)
      if (row.namespace === namespace && row.name === name) continue
      for (const address of held.addresses) taken.addresses.add(address)
      for (const port of held.ports) taken.ports.add(port)
    }
    this.#rows = rows
    return taken
  }

  #read(revision: number): Taken {
    const entry = this.#store.entry(revision)
    const spec = entry ? part(parseObject(entry.body), 'spec') : {}
    return {
      addresses: clusterIpsOf(spec).filter((address) => address !== 'None'),
      ports: objectsOf(spec['ports']).map(nodePortOf),
    }
  }
}

/** Gives Services their cluster addresses and node ports, and refuses what another one has. */
export function serviceAddresses(store: ObjectStore): AdmissionPlugin {
  const held = new HeldByServices(store)
  return {
    name: 'ServiceAddresses',
    resources: ['services'],
    mutate(request) {
      const spec = specOf(request)
      if (!spec || !request.object) return
      const wantsAddress = needsClusterIp(spec) && clusterIpsOf(spec).length === 0
      const wantsPorts = needsNodePorts(spec) && objectsOf(spec['ports']).some((port) => nodePortOf(port) === 0)
      if (!wantsAddress && !wantsPorts) return
      const { namespace = '', name } = request.object.metadata
      const taken = held.except(namespace, name)
      if (wantsAddress) giveAddress(spec, { taken: taken.addresses, seed: `${namespace}/${name}` })
      if (wantsPorts) givePorts(spec, { taken: taken.ports, seed: `${namespace}/${name}` })
    },
    validate(request) {
      const { object, old, resource } = request
      const spec = specOf(request)
      if (!spec || !object) return
      const before = part(old ?? {}, 'spec')
      const kept = {
        addresses: new Set(clusterIpsOf(before)),
        ports: new Set(objectsOf(before['ports']).map(nodePortOf)),
      }
      const newAddresses = clusterIpsOf(spec).filter((address) => address !== 'None' && !kept.addresses.has(address))
      const newPorts = objectsOf(spec['ports']).filter((port) => !kept.ports.has(nodePortOf(port)))
      if (newAddresses.length === 0 && newPorts.length === 0) return
      const { namespace = '', name } = object.metadata
      const taken = held.except(namespace, name)
      const errors = [
        ...newAddresses.flatMap((address) => addressErrors(address, { spec, taken: taken.addresses })),
        ...portErrors(spec, { kept: kept.ports, taken: taken.ports }),
      ]
      if (errors.length > 0) throw invalid(groupKind(resource), name, errors)
    },
  }
}

function specOf({ operation, object, subresource }: AdmissionRequest): JsonObject | undefined {
  return operation === 'DELETE' || subresource !== '' || !object ? undefined : part(object, 'spec')
}

interface Giving<T> {
  taken: ReadonlySet<T>
  /** The same Service gets the same again, where it is free. */
  seed: string
}

function giveAddress(spec: JsonObject, { taken, seed }: Giving<string>): void {
  const found = findFree(addresses, seed, (value) => !taken.has(dotted(value)))
  if (found === undefined) throw internalError('failed to allocate a serviceIP: range is full')
  spec['clusterIP'] = dotted(found)
  spec['clusterIPs'] = [dotted(found)]
}

/** Ports of one number but several protocols share their node port, as DNS over UDP and TCP does. */
function givePorts(spec: JsonObject, { taken, seed }: Giving<number>): void {
  const ports = objectsOf(spec['ports'])
  const used = new Set([...taken, ...ports.map(nodePortOf)])
  const byNumber = new Map(
    ports.filter((port) => nodePortOf(port) !== 0).map((port) => [port['port'], nodePortOf(port)]),
  )
  for (const port of ports) {
    if (nodePortOf(port) !== 0) continue
    const chosen =
      byNumber.get(port['port']) ?? findFree(nodePorts, `${seed}/${String(port['port'])}`, (value) => !used.has(value))
    if (chosen === undefined) throw internalError('failed to allocate a nodePort: range is full')
    port['nodePort'] = chosen
    used.add(chosen)
    byNumber.set(port['port'], chosen)
  }
}

/** The first free number from a place that follows from the seed; undefined when there is none. */
export function findFree(
  { first, size, leftAlone }: Range,
  seed: string,
  isFree: (value: number) => boolean,
): number | undefined {
  const common = size - leftAlone
  const start = createHash('sha256').update(seed).digest().readUInt32BE(0) % common
  for (let step = 0; step < common; step++) {
    const value = first + leftAlone + ((start + step) % common)
    if (isFree(value)) return value
  }
  for (let value = first + leftAlone - 1; value >= first; value--) if (isFree(value)) return value
  return undefined
}

function addressErrors(
  address: string,
  { spec, taken }: { spec: JsonObject; taken: ReadonlySet<string> },
): FieldError[] {
  const refused = (why: string) => [
    invalidValue('spec.clusterIPs', spec['clusterIPs'], `failed to allocate IP ${address}: ${why}`),
  ]
  const value = isIPv4(address) ? ipv4(address) : 0
  if (value < addresses.first - 1 || value >= addresses.first + addresses.size) {
    return refused(`the provided IP (${address}) is not in the valid range. The range of valid IPs is ${network}`)
  }
  return taken.has(address) || value === addresses.first - 1 ? refused('provided IP is already allocated') : []
}

function portErrors(
  spec: JsonObject,
  { kept, taken }: { kept: ReadonlySet<number>; taken: ReadonlySet<number> },
): FieldError[] {
  return objectsOf(spec['ports']).flatMap((port, index) => {
    const value = nodePortOf(port)
    if (value === 0 || kept.has(value) || !taken.has(value)) return []
    return [invalidValue(`spec.ports[${index}].nodePort`, value, 'provided port is already allocated')]
  })
}

function ipv4(address: string): number {
  return address.split('.').reduce((value, part) => value * 256 + Number(part), 0)
}

function dotted(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
}
