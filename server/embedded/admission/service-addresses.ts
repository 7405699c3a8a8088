import { createHash } from 'node:crypto'
import { isIPv4 } from 'node:net'
import { type JsonObject, objectsOf, part } from '@/contract/json'
import type { ApiObject } from '../api-object'
import { type FieldError, internalError, invalid, invalidValue } from '../errors/status-error'
import { groupKind } from '../registry/served-resource'
import { type LogEntry, parseObject } from '../storage/log-entry'
import type { ObjectStore } from '../storage/object-store'
import { newest, RowMemory } from '../storage/row-memory'
import { clusterIpsOf, needsClusterIp, needsNodePorts, nodePortOf } from '../strategies/service-addresses'
import type { AdmissionPlugin, AdmissionRequest } from './admission'

/**
 * Numbers that are given out. As in Kubernetes the lowest are left to those who choose for themselves, and given out
 * when there are no others.
 */
interface Range {
  first: number
  size: number
  leftAlone: number
}

/** The first address stands for the API server itself, as in every cluster: the Service `kubernetes` in `default`. */
export const apiServerClusterIp = '10.43.0.1'
/** 10.43.0.1 to 10.43.255.254; the first is given to nobody else. */
const network = '10.43.0.0/16'
const addresses: Range = { first: ipv4('10.43.0.2'), size: 2 ** 16 - 3, leftAlone: 255 }
const nodePorts: Range = { first: 30_000, size: 2768, leftAlone: 86 }

interface Taken {
  addresses: readonly string[]
  ports: readonly number[]
}

interface Held {
  addresses: Set<string>
  ports: Set<number>
}

/** What a Service holds. */
function heldBy({ body }: LogEntry): Taken {
  const spec = part(parseObject(body), 'spec')
  return {
    addresses: clusterIpsOf(spec).filter((address) => address !== 'None'),
    ports: objectsOf(spec['ports']).map(nodePortOf),
  }
}

/** What all Services but one hold, counted from the store within a write's turn. */
function heldByOthers(store: ObjectStore): (namespace: string, name: string) => Held {
  const held = new RowMemory(store, heldBy)
  return (namespace, name) => {
    const taken: Held = { addresses: new Set(), ports: new Set() }
    for (const row of store.snapshot({ resource: 'services', revision: newest })) {
      if (row.namespace === namespace && row.name === name) continue
      const { addresses: own = [], ports = [] } = held.of(row.revision) ?? {}
      for (const address of own) taken.addresses.add(address)
      for (const port of ports) taken.ports.add(port)
    }
    return taken
  }
}

/** Gives Services their cluster addresses and node ports, and refuses what another one has. */
export function serviceAddresses(store: ObjectStore): AdmissionPlugin {
  const held = heldByOthers(store)
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
      const taken = held(namespace, name)
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
      const taken = held(namespace, name)
      const errors = [
        ...newAddresses.flatMap((address) =>
          addressErrors(address, { spec, taken: taken.addresses, isApiServer: isApiServer(object) }),
        ),
        ...portErrors(spec, { kept: kept.ports, taken: taken.ports }),
      ]
      if (errors.length > 0) throw invalid(groupKind(resource), name, errors)
    },
  }
}

function isApiServer({ metadata }: ApiObject): boolean {
  return metadata.namespace === 'default' && metadata.name === 'kubernetes'
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
  { spec, taken, isApiServer }: { spec: JsonObject; taken: ReadonlySet<string>; isApiServer: boolean },
): FieldError[] {
  const refused = (why: string) => [
    invalidValue('spec.clusterIPs', spec['clusterIPs'], `failed to allocate IP ${address}: ${why}`),
  ]
  const value = isIPv4(address) ? ipv4(address) : 0
  if (value < addresses.first - 1 || value >= addresses.first + addresses.size) {
    return refused(`the provided IP (${address}) is not in the valid range. The range of valid IPs is ${network}`)
  }
  return taken.has(address) || (address === apiServerClusterIp && !isApiServer)
    ? refused('provided IP is already allocated')
    : []
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
