import { isJsonObject, type JsonObject, jsonEqual, objectsOf, part } from '@/contract/json'
import type { ApiObject } from '../api-object'
import { type FieldError, invalidValue, requiredValue } from '../errors/status-error'

/** A Service's cluster addresses and node ports: what is kept, taken along and refused. Who gives them out is admission. */

export function needsClusterIp(spec: JsonObject): boolean {
  return spec['type'] !== 'ExternalName'
}

export function needsNodePorts(spec: JsonObject): boolean {
  return (
    spec['type'] === 'NodePort' || (spec['type'] === 'LoadBalancer' && spec['allocateLoadBalancerNodePorts'] !== false)
  )
}

/** Whether a Service may name ports of the nodes, given out or not. */
function mayHaveNodePorts(spec: JsonObject): boolean {
  return spec['type'] === 'NodePort' || spec['type'] === 'LoadBalancer'
}

export function clusterIpsOf(spec: JsonObject): string[] {
  const listed = Array.isArray(spec['clusterIPs']) ? spec['clusterIPs'] : [spec['clusterIP']]
  return listed.filter((address): address is string => typeof address === 'string' && address !== '')
}

function listIsEmpty({ clusterIPs }: JsonObject): boolean {
  return !Array.isArray(clusterIPs) || clusterIPs.length === 0
}

export function nodePortOf(port: JsonObject): number {
  return typeof port['nodePort'] === 'number' ? port['nodePort'] : 0
}

/**
 * An update that says nothing of what a Service was given leaves it; one that makes it a type without takes it away.
 * Changes the object.
 */
export function keepAddresses(object: ApiObject, old: ApiObject): void {
  const before = part(old, 'spec')
  const spec: JsonObject = { type: 'ClusterIP', ...part(object, 'spec') }
  if (needsClusterIp(before)) {
    if (needsClusterIp(spec)) keepClusterIp(spec, before)
    else dropClusterIp(spec, before)
  }
  if (mayHaveNodePorts(before)) spec['ports'] = nextPorts(spec, before)
  for (const [field, isMeant] of dependentFields) {
    if (isMeant(before) && !isMeant(spec) && jsonEqual(spec[field], before[field])) delete spec[field]
  }
  object['spec'] = spec
}

/** Fields that only some types have, which go with the type. */
const dependentFields: readonly [string, (spec: JsonObject) => boolean][] = [
  ['externalTrafficPolicy', mayHaveNodePorts],
  ['allocateLoadBalancerNodePorts', ({ type }) => type === 'LoadBalancer'],
  ['loadBalancerClass', ({ type }) => type === 'LoadBalancer'],
]

function keepClusterIp(spec: JsonObject, before: JsonObject): void {
  spec['clusterIP'] = spec['clusterIP'] || before['clusterIP']
  const same = spec['clusterIP'] === before['clusterIP']
  if (same && listIsEmpty(spec)) spec['clusterIPs'] = before['clusterIPs']
  for (const field of ['ipFamilies', 'ipFamilyPolicy']) spec[field] ??= before[field]
  for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']) {
    if (spec[field] === undefined) delete spec[field]
  }
}

function dropClusterIp(spec: JsonObject, before: JsonObject): void {
  for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']) {
    if (jsonEqual(spec[field], before[field])) delete spec[field]
  }
}

function nextPorts(spec: JsonObject, before: JsonObject): unknown {
  if (!Array.isArray(spec['ports'])) return spec['ports']
  const ports = spec['ports'].filter(isJsonObject)
  const known = objectsOf(before['ports'])
  if (!mayHaveNodePorts(spec)) return sameNodePorts(ports, known) ? ports.map(withoutNodePort) : ports
  const given = new Set(ports.map(nodePortOf))
  const used = new Set(known.map(nodePortOf).filter((port) => given.has(port)))
  // By name: whatever else of a port has changed, it is the same one.
  const byName = new Map(known.map((port) => [port['name'] ?? '', nodePortOf(port)]))
  return ports.map((port) => {
    const own = byName.get(port['name'] ?? '') ?? 0
    if (nodePortOf(port) !== 0 || own === 0 || used.has(own)) return port
    used.add(own)
    return { ...port, nodePort: own }
  })
}

function withoutNodePort({ nodePort: _dropped, ...port }: JsonObject): JsonObject {
  return port
}

function sameNodePorts(ports: readonly JsonObject[], known: readonly JsonObject[]): boolean {
  const before = new Set(known.map(nodePortOf))
  return ports.map(nodePortOf).every((port) => port === 0 || before.has(port))
}

/** The one-address form and the list say the same, and families are named. Changes the spec. */
export function completeAddresses(spec: JsonObject): void {
  if (!needsClusterIp(spec)) return
  if (typeof spec['clusterIP'] === 'string' && spec['clusterIP'] !== '' && listIsEmpty(spec)) {
    spec['clusterIPs'] = [spec['clusterIP']]
  }
  // A Service that neither balances nor selects may speak any family.
  const open = spec['clusterIP'] === 'None' && Object.keys(part(spec, 'selector')).length === 0
  spec['ipFamilyPolicy'] ??= open ? 'RequireDualStack' : 'SingleStack'
  const families = Array.isArray(spec['ipFamilies']) ? spec['ipFamilies'] : []
  if (families.length === 0) {
    spec['ipFamilies'] = open && spec['ipFamilyPolicy'] !== 'SingleStack' ? ['IPv4', 'IPv6'] : ['IPv4']
  }
}

/** What Kubernetes has against the addresses and families of a Service; where it is not about what others have. */
export function addressListErrors(spec: JsonObject): FieldError[] {
  const { clusterIP } = spec
  const listed = Array.isArray(spec['clusterIPs']) ? spec['clusterIPs'] : []
  const field = 'spec.clusterIPs'
  if (!needsClusterIp(spec)) {
    return clusterIP || listed.length > 0
      ? [{ reason: 'FieldValueForbidden', field, detail: "Forbidden: may not be set for type 'ExternalName'" }]
      : []
  }
  const errors = familyErrors(spec)
  if (!clusterIP && listed.length > 0) {
    errors.push(invalidValue(field, listed, 'clusterIPs must be empty when clusterIP is not specified'))
  } else if (clusterIP && listed.length === 0) errors.push(requiredValue(field))
  else if (clusterIP && listed[0] !== clusterIP) {
    errors.push(invalidValue(field, listed, 'first value must match `clusterIP`'))
  }
  if (listed.length > 2) errors.push(invalidValue(field, listed, 'may only hold up to 2 values'))
  if (listed.length > 1 && listed.includes('None')) {
    errors.push(invalidValue(field, listed, "'None' must be the first and only value"))
  }
  return errors
}

function familyErrors(spec: JsonObject): FieldError[] {
  const open = spec['clusterIP'] === 'None' && Object.keys(part(spec, 'selector')).length === 0
  if (open) return []
  const errors: FieldError[] = []
  const policy = spec['ipFamilyPolicy']
  if (policy === 'RequireDualStack') {
    const why = 'this cluster is not configured for dual-stack services'
    errors.push(invalidValue('spec.ipFamilyPolicy', policy, why))
  }
  for (const [index, family] of (Array.isArray(spec['ipFamilies']) ? spec['ipFamilies'] : []).entries()) {
    if (family === 'IPv4') continue
    errors.push(invalidValue(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'))
  }
  return errors
}
