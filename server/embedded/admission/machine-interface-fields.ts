import { isIPv4 } from 'node:net'
import type { JsonObject } from '@/contract/json'
import type { MachineCheck } from './machine-check'
import { isPciAddress } from './machine-disks'
import { numberAt, objectAt, objectsAt, textAt, textsAt, valueAt } from './machine-fields'

/** An interface under examination, with the network of its name. */
export interface InterfaceCheck {
  at: string
  entry: JsonObject
  network: JsonObject | undefined
}

const models = ['', 'virtio', 'e1000', 'e1000e', 'igb', 'ne2k_pci', 'pcnet', 'rtl8139']

/** The values an interface's fields may have. */
export function checkInterfaceFields(check: MachineCheck, one: InterfaceCheck): void {
  const { causes } = check
  const { at, entry } = one
  if (!/^[A-Za-z0-9-_]+$/.test(textAt(entry, 'name'))) {
    causes.invalid(
      `${at}.name`,
      'Network interface name can only contain alphabetical characters, numbers, dashes (-) or underscores (_)',
    )
  }
  const model = textAt(entry, 'model')
  if (!models.includes(model)) {
    causes.notSupported(`${at}.model`, `interface ${at}.name uses model ${model} that is not supported.`)
  }
  const mac = macProblem(textAt(entry, 'macAddress'))
  if (mac !== undefined) causes.invalid(`${at}.macAddress`, `interface ${at}.name has ${mac}.`)
  const address = textAt(entry, 'pciAddress')
  if (address !== '' && !isPciAddress(address)) {
    causes.invalid(`${at}.pciAddress`, `interface ${at}.name has malformed PCI address (${address}).`)
  }
  if (objectAt(one.network, 'pod')) checkPorts(check, one)
  checkPortRanges(check, one)
  checkDhcp(check, one)
}

/** Hardware addresses of 6, 8 or 20 bytes are well-formed; only the first kind fits. */
function macProblem(address: string): string | undefined {
  if (address === '') return undefined
  const colons = /^[0-9A-Fa-f]{2}([:-])[0-9A-Fa-f]{2}(\1[0-9A-Fa-f]{2})*$/.test(address)
  const dots = /^[0-9A-Fa-f]{4}(\.[0-9A-Fa-f]{4})+$/.test(address)
  const bytes = address.replace(/[^0-9A-Fa-f]/g, '').length / 2
  if ((!colons && !dots) || ![6, 8, 20].includes(bytes)) return `malformed MAC address (${address})`
  return bytes > 6 ? `too long MAC address (${address})` : undefined
}

const portName = /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/

function checkPorts({ causes }: MachineCheck, { at, entry }: InterfaceCheck): void {
  const ports = objectsAt(entry, 'ports')
  const names = new Set<string>()
  for (const [index, port] of ports.entries()) {
    const name = textAt(port, 'name')
    const field = `${at}.ports[${index}].name`
    if (name === '') continue
    if (names.has(name)) causes.duplicate(field, `Duplicate name of the port: ${name}`)
    if (!portName.test(name)) causes.invalid(field, `Invalid name of the port: ${name}`)
    names.add(name)
  }
  for (const [index, port] of ports.entries()) {
    const field = `${at}.ports[${index}]`
    const value = numberAt(port, 'port') ?? 0
    if (value === 0) causes.required(`${field}.port`, 'Port field is mandatory.')
    if (value < 0 || value >= 65536) causes.invalid(`${field}.port`, 'Port field must be in range 0 < x < 65536.')
    if (!['', 'TCP', 'UDP'].includes(textAt(port, 'protocol'))) {
      causes.invalid(`${field}.protocol`, 'Unknown protocol, only TCP or UDP allowed')
    }
  }
}

function checkPortRanges({ settings, causes }: MachineCheck, { at, entry, network }: InterfaceCheck): void {
  if (valueAt(entry, 'portRanges') === undefined) return
  if (!settings.has('PortRangesSpec')) {
    return causes.invalid(
      `${at}.name`,
      'portRanges is specified on interface but the PortRangesSpec feature gate is not enabled',
    )
  }
  if (!objectAt(network, 'pod')) return
  if (valueAt(entry, 'ports') !== undefined) {
    causes.invalid(`${at}.name`, 'Cannot define both ports and portRanges on interface')
  }
  if (!objectAt(entry, 'masquerade')) {
    causes.invalid(`${at}.name`, 'portRanges are only supported on masquerade interfaces')
  }
  const ranges = objectsAt(entry, 'portRanges')
  if (ranges.length > 10) return causes.invalid(`${at}.portRanges`, 'No more than 10 portRanges are allowed')
  const sound: PortRange[] = []
  for (const [index, range] of ranges.entries()) {
    const read = readRange(range)
    const problem = rangeProblem(read)
    if (problem) causes.invalid(`${at}.portRanges[${index}].${problem.field}`, problem.words)
    else sound.push(read)
  }
  for (const words of overlaps(sound)) causes.invalid(`${at}.portRanges`, words)
}

interface PortRange {
  protocol: string
  start: number
  end: number
}

function readRange(range: JsonObject): PortRange {
  return {
    protocol: textAt(range, 'protocol'),
    start: numberAt(range, 'start') ?? 0,
    end: numberAt(range, 'end') ?? 0,
  }
}

function rangeProblem({ protocol, start, end }: PortRange): { field: string; words: string } | undefined {
  const isPort = (value: number) => value > 0 && value < 65536
  if (protocol !== 'TCP' && protocol !== 'UDP') {
    return { field: 'protocol', words: 'Unknown protocol, only TCP or UDP allowed' }
  }
  if (!isPort(start)) return { field: 'start', words: 'Start must be a valid port number, 0 < x < 65536' }
  if (!isPort(end)) return { field: 'end', words: 'End must be a valid port number, 0 < x < 65536' }
  return start > end ? { field: 'start', words: 'Start must be less than or equal to end' } : undefined
}

function overlaps(ranges: readonly PortRange[]): string[] {
  return ['TCP', 'UDP'].flatMap((wanted) => {
    const sorted = ranges
      .filter(({ protocol }) => protocol === wanted)
      .sort((left, right) => left.start - right.start || left.end - right.end)
    return sorted.flatMap((range, index) => {
      const before = sorted[index - 1]
      if (!before || range.start > before.end) return []
      return [`${wanted} portRanges [${before.start}-${before.end}] and [${range.start}-${range.end}] overlap`]
    })
  })
}

function checkDhcp({ field, causes }: MachineCheck, { at, entry }: InterfaceCheck): void {
  const options = objectsAt(entry, 'dhcpOptions', 'privateOptions').map((option) => numberAt(option, 'option') ?? 0)
  if (new Set(options).size < options.length) {
    causes.invalid(field, 'Found Duplicates: you have provided duplicate DHCPPrivateOptions')
  }
  for (const option of options) {
    if (option >= 224 && option <= 254) continue
    causes.invalid(field, 'provided DHCPPrivateOptions are out of range, must be in range 224 to 254')
  }
  for (const [index, server] of textsAt(entry, 'dhcpOptions', 'ntpServers').entries()) {
    if (isIPv4(server)) continue
    causes.invalid(`${at}.dhcpOptions.ntpServers[${index}]`, 'NTP servers must be a list of valid IPv4 addresses.')
  }
}
