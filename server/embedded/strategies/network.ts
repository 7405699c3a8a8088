import { isIP } from 'node:net'
import { isJsonObject, type JsonObject, objectsOf, part } from '@/contract/json'
import type { ApiObject } from '../api-object'
import { label1035, label1035Why, labelWhy } from '../errors/name-words'
import {
  duplicateValue,
  type FieldError,
  forbiddenValue,
  invalidValue,
  requiredValue,
  unsupportedValue,
} from '../errors/status-error'
import { addressListErrors, completeAddresses, keepAddresses } from './service-addresses'
import { plainStrategy, type ResourceStrategy } from './strategy'

/** Services, their endpoints, and NetworkPolicies. */

const protocols = ['SCTP', 'TCP', 'UDP']
const serviceTypes = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']

function prepareService(object: ApiObject): void {
  const spec = part(object, 'spec')
  const type = spec['type'] ?? 'ClusterIP'
  const outside = type === 'NodePort' || type === 'LoadBalancer'
  const complete: JsonObject = {
    sessionAffinity: 'None',
    type,
    ...(type === 'ExternalName' ? {} : { internalTrafficPolicy: 'Cluster' }),
    ...(outside ? { externalTrafficPolicy: 'Cluster' } : {}),
    ...(type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: true } : {}),
    ...spec,
    ...(Array.isArray(spec['ports']) ? { ports: objectsOf(spec['ports']).map(completePort) } : {}),
  }
  completeAddresses(complete)
  object['spec'] = complete
}

function completePort({ nodePort, ...port }: JsonObject): JsonObject {
  const target = port['targetPort']
  const unset = target === undefined || target === null || target === 0 || target === ''
  const given = nodePort === undefined || nodePort === 0 ? {} : { nodePort }
  return { protocol: 'TCP', ...port, ...given, targetPort: unset ? port['port'] : target }
}

function serviceErrors(object: ApiObject): FieldError[] {
  const spec = part(object, 'spec')
  const { type } = spec
  if (!serviceTypes.includes(String(type))) return [unsupportedValue('spec.type', type, serviceTypes)]
  const errors: FieldError[] = []
  const ports = objectsOf(spec['ports'])
  const headless = spec['clusterIP'] === 'None'
  if (ports.length === 0 && !headless && type !== 'ExternalName') errors.push(requiredValue('spec.ports'))
  if (type === 'ExternalName' && !spec['externalName']) errors.push(requiredValue('spec.externalName'))
  if (headless && type !== 'ClusterIP' && type !== 'ExternalName') {
    errors.push(invalidValue('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${String(type)} services`))
  }
  errors.push(
    ...addressErrors(spec),
    ...addressListErrors(spec),
    ...ports.flatMap((port, index) => servicePortErrors(port, { index, ports, type })),
  )
  if (spec['sessionAffinity'] !== 'None' && spec['sessionAffinity'] !== 'ClientIP') {
    errors.push(unsupportedValue('spec.sessionAffinity', spec['sessionAffinity'], ['ClientIP', 'None']))
  }
  return [...errors, ...policyErrors(spec), ...duplicatePorts(ports)]
}

function addressErrors(spec: JsonObject): FieldError[] {
  const { clusterIP } = spec
  const why = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
  const errors: FieldError[] = []
  if (typeof clusterIP === 'string' && clusterIP !== '' && clusterIP !== 'None' && isIP(clusterIP) === 0) {
    errors.push(invalidValue('spec.clusterIPs[0]', clusterIP, why))
  }
  const external = Array.isArray(spec['externalIPs']) ? spec['externalIPs'] : []
  for (const [index, address] of external.entries()) {
    if (isIP(String(address)) === 0) errors.push(invalidValue(`spec.externalIPs[${index}]`, address, why))
  }
  return errors
}

function policyErrors(spec: JsonObject): FieldError[] {
  const known = ['Cluster', 'Local']
  const errors: FieldError[] = []
  for (const field of ['externalTrafficPolicy', 'internalTrafficPolicy']) {
    const value = spec[field]
    if (value !== undefined && !known.includes(String(value)))
      errors.push(unsupportedValue(`spec.${field}`, value, known))
  }
  const outside = spec['type'] === 'NodePort' || spec['type'] === 'LoadBalancer'
  const external = Array.isArray(spec['externalIPs']) && spec['externalIPs'].length > 0
  if (spec['externalTrafficPolicy'] !== undefined && !outside && !external) {
    const why = 'may only be set for externally-accessible services'
    errors.push(invalidValue('spec.externalTrafficPolicy', spec['externalTrafficPolicy'], why))
  }
  return errors
}

function isPortNumber(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535
}

const portWhy = 'must be between 1 and 65535, inclusive'
const labelPattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

function servicePortErrors(
  port: JsonObject,
  { index, ports, type }: { index: number; ports: readonly JsonObject[]; type: unknown },
): FieldError[] {
  const field = `spec.ports[${index}]`
  const errors = nameErrors(port, { field, required: ports.length > 1 })
  if (!isPortNumber(port['port'])) errors.push(invalidValue(`${field}.port`, port['port'] ?? 0, portWhy))
  if (!protocols.includes(String(port['protocol']))) {
    errors.push(unsupportedValue(`${field}.protocol`, port['protocol'], protocols))
  }
  errors.push(...targetErrors(port['targetPort'], `${field}.targetPort`))
  const { nodePort } = port
  if (nodePort === undefined || nodePort === 0) return errors
  if (type === 'ClusterIP')
    errors.push(forbiddenValue(`${field}.nodePort`, "may not be used when `type` is 'ClusterIP'"))
  else if (typeof nodePort !== 'number' || nodePort < 30_000 || nodePort > 32_767) {
    errors.push(
      invalidValue(
        `${field}.nodePort`,
        nodePort,
        'provided port is not in the valid range. The range of valid ports is 30000-32767',
      ),
    )
  }
  return errors
}

function nameErrors(port: JsonObject, { field, required }: { field: string; required: boolean }): FieldError[] {
  const { name } = port
  if (name === undefined || name === '') return required ? [requiredValue(`${field}.name`)] : []
  return typeof name === 'string' && labelPattern.test(name) ? [] : [invalidValue(`${field}.name`, name, labelWhy)]
}

function targetErrors(target: unknown, field: string): FieldError[] {
  if (typeof target === 'number') return isPortNumber(target) ? [] : [invalidValue(field, target, portWhy)]
  if (typeof target !== 'string')
    return target === undefined ? [] : [invalidValue(field, target, 'must be int or string')]
  if (target.length > 15) return [invalidValue(field, target, 'must be no more than 15 characters')]
  if (!/^[-a-z0-9]+$/.test(target)) {
    return [invalidValue(field, target, 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')]
  }
  return /[a-z]/.test(target) ? [] : [invalidValue(field, target, 'must contain at least one letter (a-z)')]
}

function duplicatePorts(ports: readonly JsonObject[]): FieldError[] {
  const names = new Set<unknown>()
  const pairs = new Set<string>()
  return ports.flatMap((port, index) => {
    const errors: FieldError[] = []
    const duplicate = (field: string, value: unknown): void => {
      errors.push(duplicateValue(field, value))
    }
    const { name, protocol, port: number } = port
    if (typeof name === 'string' && name !== '' && names.has(name)) duplicate(`spec.ports[${index}].name`, name)
    const pair = `${String(protocol)}/${String(number)}`
    if (pairs.has(pair)) duplicate(`spec.ports[${index}]`, { port: number, protocol })
    names.add(name)
    pairs.add(pair)
    return errors
  })
}

export const serviceStrategy: ResourceStrategy = {
  ...plainStrategy,
  labelName: true,
  prepareForCreate(object) {
    prepareService(object)
    object['status'] = { loadBalancer: {} }
  },
  prepareForUpdate(object, old) {
    keepAddresses(object, old)
    prepareService(object)
  },
  validate: (object) => [
    ...(label1035.test(object.metadata.name ?? '')
      ? []
      : [invalidValue('metadata.name', object.metadata.name, label1035Why)]),
    ...serviceErrors(object),
  ],
  validateUpdate(object, old) {
    const before = part(old, 'spec')['clusterIP']
    const now = part(object, 'spec')['clusterIP']
    const given = typeof before === 'string' && before !== ''
    if (!given || before === now || part(object, 'spec')['type'] === 'ExternalName') return []
    return [invalidValue('spec.clusterIPs[0]', part(object, 'spec')['clusterIPs'] ?? [now], 'may not change once set')]
  },
}

export const endpointsStrategy: ResourceStrategy = {
  ...plainStrategy,
  validate: (object) =>
    objectsOf(object['subsets']).flatMap((subset, index) => {
      const addresses = [...objectsOf(subset['addresses']), ...objectsOf(subset['notReadyAddresses'])]
      if (addresses.length === 0) {
        return [requiredValue(`subsets[${index}]`, 'must specify `addresses` or `notReadyAddresses`')]
      }
      return addresses.flatMap((address, at) =>
        isIP(String(address['ip'] ?? '')) > 0
          ? []
          : [
              invalidValue(
                `subsets[${index}].addresses[${at}].ip`,
                address['ip'] ?? '',
                'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
              ),
            ],
      )
    }),
}

const addressTypes = ['FQDN', 'IPv4', 'IPv6']

export const endpointSliceStrategy: ResourceStrategy = {
  ...plainStrategy,
  generation: 'always',
  validate(object) {
    const { addressType } = object
    if (addressType === undefined || addressType === '') return [requiredValue('addressType')]
    if (!addressTypes.includes(String(addressType))) return [unsupportedValue('addressType', addressType, addressTypes)]
    return objectsOf(object['endpoints']).flatMap((endpoint, index) => {
      const field = `endpoints[${index}].addresses`
      const addresses = Array.isArray(endpoint['addresses']) ? endpoint['addresses'] : []
      if (addresses.length === 0) return [requiredValue(field, 'must contain at least 1 address')]
      const family = addressType === 'IPv4' ? 4 : 6
      if (addressType === 'FQDN') return []
      return addresses.flatMap((address: unknown, at): FieldError[] =>
        isIP(String(address)) === family
          ? []
          : [invalidValue(`${field}[${at}]`, address, `must be an ${String(addressType)} address`)],
      )
    })
  },
  validateUpdate: (object, old) =>
    object['addressType'] === old['addressType']
      ? []
      : [invalidValue('addressType', object['addressType'], 'field is immutable')],
}

const policyTypes = ['Egress', 'Ingress']

export const networkPolicyStrategy: ResourceStrategy = {
  ...plainStrategy,
  generation: 'always',
  prepareForCreate(object) {
    const spec = part(object, 'spec')
    const egress = Array.isArray(spec['egress']) && spec['egress'].length > 0
    object['spec'] = { podSelector: {}, policyTypes: ['Ingress', ...(egress ? ['Egress'] : [])], ...spec }
  },
  validate(object) {
    const types = part(object, 'spec')['policyTypes']
    const selector = part(object, 'spec')['podSelector']
    const errors = Array.isArray(types)
      ? types.flatMap((type: unknown, index) =>
          policyTypes.includes(String(type)) ? [] : [unsupportedValue(`spec.policyTypes[${index}]`, type, policyTypes)],
        )
      : []
    if (!isJsonObject(selector)) errors.push(invalidValue('spec.podSelector', selector, 'must be a label selector'))
    return errors
  },
}
