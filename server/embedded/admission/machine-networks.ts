import type { JsonObject } from '@/contract/json'
import type { MachineCheck, MachineRule } from './machine-check'
import { fieldsSet, objectAt, objectsAt, textAt, valueAt } from './machine-fields'
import { checkInterfaceFields } from './machine-interface-fields'

/** Networks, interfaces and how they pair up. */
export const checkNetworks: MachineRule = (check) => {
  checkDefaultNetwork(check)
  checkNetworkSources(check)
  for (const [index, entry] of interfacesOf(check).entries()) checkState(check, interfaceField(check, index), entry)
  for (const [index, entry] of interfacesOf(check).entries()) checkBinding(check, interfaceField(check, index), entry)
  checkPairs(check)
  for (const [index, entry] of interfacesOf(check).entries()) {
    checkInterfaceFields(check, { at: interfaceField(check, index), entry, network: networkOf(check, entry) })
  }
}

function interfacesOf({ spec }: MachineCheck): JsonObject[] {
  return objectsAt(spec, 'domain', 'devices', 'interfaces')
}

function interfaceField({ field }: MachineCheck, index: number): string {
  return `${field}.domain.devices.interfaces[${index}]`
}

function networkOf({ spec }: MachineCheck, { name }: JsonObject): JsonObject | undefined {
  return objectsAt(spec, 'networks').find((network) => network['name'] === name)
}

function isMultusDefault(network: JsonObject): boolean {
  return valueAt(network, 'multus', 'default') === true
}

function checkDefaultNetwork({ field, spec, causes }: MachineCheck): void {
  const networks = objectsAt(spec, 'networks')
  const pods = networks.filter((network) => objectAt(network, 'pod')).length
  const defaults = networks.filter(isMultusDefault).length
  if (pods > 1) {
    const at = `${field}.interfaces`
    causes.duplicate(at, `more than one interface is connected to a pod network in ${at}`)
  }
  if (defaults > 1) causes.invalid(`${field}.networks`, 'Multus CNI should only have one default network')
  if (pods > 0 && defaults > 0) {
    causes.invalid(`${field}.networks`, 'Pod network cannot be defined when Multus default network is defined')
  }
}

function checkNetworkSources({ field, spec, causes }: MachineCheck): void {
  const networks = objectsAt(spec, 'networks')
  for (const [index, network] of networks.entries()) {
    const count = fieldsSet(network, ['pod', 'multus', 'resourceClaim']).length
    const at = `${field}.networks[${index}]`
    if (count === 0) causes.required(at, 'should have a network type')
    if (count > 1) causes.required(at, 'should have only one network type')
  }
  const nameless = networks.findIndex(
    (network) => objectAt(network, 'multus') && textAt(network, 'multus', 'networkName') === '',
  )
  if (nameless >= 0) {
    causes.required(`${field}.networks[${nameless}]`, 'CNI delegating plugin must have a networkName')
  }
}

function checkState({ spec, causes }: MachineCheck, at: string, entry: JsonObject): void {
  const state = textAt(entry, 'state')
  const name = textAt(entry, 'name')
  const field = `${at}.state`
  if (!['', 'absent', 'down', 'up'].includes(state)) {
    causes.invalid(field, `logical ${name} interface state value is unsupported: ${state}`)
  }
  if (objectAt(entry, 'sriov') && (state === 'down' || state === 'up')) {
    causes.invalid(field, `"${name}" interface's state "${state}" is not supported for SR-IOV NICs`)
  }
  if (state !== 'absent') return
  if (!objectAt(entry, 'bridge')) {
    causes.invalid(field, `"${name}" interface's state "absent" is supported only for bridge binding`)
  }
  const standard = objectsAt(spec, 'networks').find((network) => objectAt(network, 'pod') || isMultusDefault(network))
  if (standard && standard['name'] === name) {
    causes.invalid(field, `"${name}" interface's state "absent" is not supported on default networks`)
  }
}

const bindings = ['bridge', 'masquerade', 'sriov', 'passtBinding', 'binding']
/** The address of KubeVirt's own bridge. */
const reservedMac = '02:00:00:00:00:00'

function checkBinding(check: MachineCheck, at: string, entry: JsonObject): void {
  const { settings, causes } = check
  const name = textAt(entry, 'name')
  const onPodNetwork = objectAt(networkOf(check, entry), 'pod') !== undefined
  if (fieldsSet(entry, bindings).length !== 1) {
    causes.invalid(at, `logical ${name} interface must have exactly one binding method or binding plugin`)
  }
  if (objectAt(entry, 'masquerade')) {
    if (!onPodNetwork) causes.invalid(`${at}.name`, 'Masquerade interface only implemented with pod network')
    if (textAt(entry, 'macAddress') === reservedMac) {
      causes.invalid(
        `${at}.macAddress`,
        'The requested MAC address is reserved for the in-pod bridge. Please choose another one.',
      )
    }
  }
  if (objectAt(entry, 'bridge') && onPodNetwork && !settings.permitBridgeOnPodNetwork) {
    causes.invalid(`${at}.name`, 'Bridge on pod network configuration is not enabled under kubevirt-config')
  }
  if (!objectAt(entry, 'passtBinding')) return
  if (!settings.has('PasstBinding')) causes.invalid(`${at}.name`, 'PasstBinding feature gate is not enabled')
  if (!onPodNetwork) causes.invalid(`${at}.name`, 'PasstBinding interface only implemented with pod network')
}

function checkPairs(check: MachineCheck): void {
  const { field, spec, settings, causes } = check
  const networks = objectsAt(spec, 'networks')
  const interfaces = interfacesOf(check)
  const seen = new Set<unknown>()
  for (const [index, network] of networks.entries()) {
    const name = textAt(network, 'name')
    if (seen.has(name)) {
      causes.duplicate(
        `${field}.networks[${index}].name`,
        `Network with name "${name}" already exists, every network must have a unique name`,
      )
    }
    seen.add(name)
  }
  if (networks.some((network) => objectAt(network, 'resourceClaim')) && !settings.has('NetworkDevicesWithDRA')) {
    causes.invalid(
      `${field}.networks`,
      'vmi.spec.networks contains DRA networks but NetworkDevicesWithDRA feature gate is not enabled',
    )
  }
  for (const [index, network] of networks.entries()) {
    if (interfaces.some(({ name }) => name === network['name'])) continue
    const at = `${field}.networks[${index}].name`
    causes.required(at, `${at} '${textAt(network, 'name')}' not found.`)
  }
  checkInterfacePairs(check, interfaces)
}

function checkInterfacePairs(check: MachineCheck, interfaces: readonly JsonObject[]): void {
  const { causes } = check
  const seen = new Set<unknown>()
  for (const [index, { name }] of interfaces.entries()) {
    if (seen.has(name)) {
      causes.duplicate(
        `${interfaceField(check, index)}.name`,
        'Only one interface can be connected to one specific network',
      )
    }
    seen.add(name)
  }
  for (const [index, entry] of interfaces.entries()) {
    if (networkOf(check, entry)) continue
    const at = `${interfaceField(check, index)}.name`
    causes.invalid(at, `${at} '${textAt(entry, 'name')}' not found.`)
  }
}

/** Bindings of earlier releases, which a new machine may no longer use. */
export const checkDiscontinuedBindings: MachineRule = (check) => {
  for (const [index, entry] of interfacesOf(check).entries()) {
    for (const [binding, words] of [
      ['slirp', 'Slirp interface support'],
      ['passt', 'Passt network binding'],
      ['macvtap', 'Macvtap network binding'],
    ] as const) {
      if (valueAt(entry, binding) === undefined) continue
      check.causes.invalid(`${interfaceField(check, index)}.${binding}`, `${words} has been discontinued since v1.3`)
    }
  }
}
