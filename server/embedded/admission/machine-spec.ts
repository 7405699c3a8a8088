import { isJsonObject, type JsonObject } from '@/contract/json'
import { type Causes, objectsIn } from './causes'

/** KubeVirt's rules for a machine's spec; `field` is where it stands, e.g. `spec.template.spec`. */
export function checkMachineSpec(field: string, spec: JsonObject, causes: Causes): void {
  const domain = isJsonObject(spec['domain']) ? spec['domain'] : {}
  const devices = isJsonObject(domain['devices']) ? domain['devices'] : {}
  const disks = objectsIn(devices['disks'])
  const volumes = objectsIn(spec['volumes'])
  checkDisks(`${field}.domain.devices.disks`, disks, { volumes, causes })
  checkVolumes(`${field}.volumes`, volumes, causes)
  checkBootOrder(field, [...disks, ...objectsIn(devices['interfaces'])], causes)
  checkNetworks(field, { interfaces: objectsIn(devices['interfaces']), networks: objectsIn(spec['networks']), causes })
  checkFirmware(field, domain, causes)
  const grace = spec['evictionStrategy']
  if (typeof grace === 'string' && !['None', 'LiveMigrate', 'LiveMigrateIfPossible', 'External'].includes(grace)) {
    causes.invalid(
      `${field}.evictionStrategy`,
      `${field}.evictionStrategy is set with an unrecognized option: ${grace}`,
    )
  }
  if (spec['startStrategy'] !== undefined && spec['startStrategy'] !== 'Paused') {
    causes.invalid(
      `${field}.startStrategy`,
      `${field}.startStrategy is set with an unrecognized option: ${String(spec['startStrategy'])}`,
    )
  }
}

interface DiskContext {
  volumes: readonly JsonObject[]
  causes: Causes
}

const diskKinds = ['disk', 'lun', 'cdrom'] as const
const buses: Readonly<Record<(typeof diskKinds)[number], readonly string[]>> = {
  disk: ['virtio', 'sata', 'scsi', 'usb'],
  lun: ['virtio', 'sata', 'scsi', 'usb'],
  cdrom: ['sata', 'scsi', 'usb'],
}

function checkDisks(field: string, disks: readonly JsonObject[], { volumes, causes }: DiskContext): void {
  const seen = new Map<string, number>()
  for (const [index, disk] of disks.entries()) {
    const at = `${field}[${index}]`
    const name = String(disk['name'] ?? '')
    const first = seen.get(name)
    if (first !== undefined) causes.invalid(at, `${field}[${first}] and ${at} must not have the same Name.`)
    seen.set(name, first ?? index)
    const emptyDrive = disk['cdrom'] !== undefined
    if (!emptyDrive && !volumes.some((volume) => volume['name'] === name)) {
      causes.invalid(`${at}.name`, `${at}.name '${name}' not found.`)
    }
    const kinds = diskKinds.filter((kind) => disk[kind] !== undefined)
    if (kinds.length > 1) causes.invalid(at, `${at} can only have a single target type defined`)
    for (const kind of kinds) checkBus(`${at}.${kind}`, disk[kind], { kind, causes })
    checkDiskValues(at, disk, causes)
  }
}

function checkBus(
  field: string,
  target: unknown,
  { kind, causes }: { kind: (typeof diskKinds)[number]; causes: Causes },
): void {
  const bus = isJsonObject(target) ? target['bus'] : undefined
  if (typeof bus !== 'string' || bus === '') return
  if (bus === 'ide') causes.invalid(`${field}.bus`, 'IDE bus is not supported')
  else if (kind === 'cdrom' && bus === 'virtio') {
    causes.invalid(`${field}.bus`, `Bus type ${bus} is invalid for CD-ROM device`)
  } else if (!buses[kind].includes(bus)) {
    causes.invalid(
      `${field}.bus`,
      `${field} is set with an unrecognized bus ${bus}, must be one of: [${buses[kind].join(' ')}]`,
    )
  } else if (kind === 'disk' && bus === 'sata' && isJsonObject(target) && target['readonly'] === true) {
    causes.invalid(`${field}.bus`, `${bus} hard-disks cannot be read-only.`)
  }
}

function checkDiskValues(field: string, disk: JsonObject, causes: Causes): void {
  const serial = disk['serial']
  if (typeof serial === 'string' && serial !== '') {
    if (serial.length > 256) {
      causes.invalid(`${field}.serial`, `${field}.serial must be less than or equal to 256 in length, if specified`)
    } else if (!/^[A-Za-z0-9_.+-]+$/.test(serial)) {
      causes.invalid(
        `${field}.serial`,
        `${field}.serial must be made up of the following characters [A-Za-z0-9_.+-], if specified`,
      )
    }
  }
  for (const [name, known] of [
    ['cache', ['none', 'writethrough', 'writeback']],
    ['io', ['native', 'default', 'threads']],
    ['errorPolicy', ['stop', 'ignore', 'report', 'enospace']],
  ] as const) {
    const value = disk[name]
    if (typeof value !== 'string' || value === '' || (known as readonly string[]).includes(value)) continue
    causes.invalid(`${field}.${name}`, `${field}.${name} has invalid value ${value}`)
  }
}

const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const cloudInitLimit = 2048

function checkVolumes(field: string, volumes: readonly JsonObject[], causes: Causes): void {
  const seen = new Map<string, number>()
  for (const [index, volume] of volumes.entries()) {
    const at = `${field}[${index}]`
    const name = String(volume['name'] ?? '')
    if (!dnsLabel.test(name)) {
      causes.invalid(
        `${at}.name`,
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      )
    }
    const first = seen.get(name)
    if (first !== undefined) causes.invalid(at, `${field}[${first}] and ${at} must not have the same Name.`)
    seen.set(name, first ?? index)
    const sources = Object.keys(volume).filter((key) => key !== 'name' && volume[key] !== undefined)
    if (sources.length !== 1) causes.invalid(at, `${at} must have exactly one source type set`)
    for (const source of ['cloudInitNoCloud', 'cloudInitConfigDrive']) {
      if (isJsonObject(volume[source])) checkCloudInit(`${at}.${source}`, volume[source], causes)
    }
  }
}

function checkCloudInit(field: string, source: JsonObject, causes: Causes): void {
  const given = (names: readonly string[]) => names.filter((name) => source[name] !== undefined && source[name] !== '')
  const user = given(['userData', 'userDataBase64', 'secretRef'])
  const network = given(['networkData', 'networkDataBase64', 'networkDataSecretRef'])
  if (user.length > 1) causes.invalid(field, `${field} must have only one userdatasource set.`)
  if (user.length === 0 && network.length === 0) {
    causes.invalid(field, `${field} must have at least one userdatasource or one networkdatasource set.`)
  }
  if (network.length > 1) causes.invalid(field, `${field} must have only one networkdatasource set.`)
  for (const [plain, base64, label] of [
    ['userData', 'userDataBase64', 'userdata'],
    ['networkData', 'networkDataBase64', 'networkdata'],
  ] as const) {
    const text = source[plain]
    const encoded = source[base64]
    const size =
      typeof text === 'string'
        ? Buffer.byteLength(text)
        : typeof encoded === 'string'
          ? Buffer.from(encoded, 'base64').length
          : 0
    if (size <= cloudInitLimit) continue
    causes.invalid(
      `${field}.${typeof text === 'string' ? plain : base64}`,
      `${field}.${typeof text === 'string' ? plain : base64} ${label} exceeds ${cloudInitLimit} byte limit. Should use ${label === 'userdata' ? 'UserDataSecretRef' : 'NetworkDataSecretRef'} for larger data.`,
    )
  }
}

function checkBootOrder(field: string, devices: readonly JsonObject[], causes: Causes): void {
  const seen = new Set<number>()
  for (const device of devices) {
    const order = device['bootOrder']
    if (typeof order !== 'number') continue
    const at = `${field}.domain.devices`
    if (order < 1) causes.invalid(`${at}.bootOrder`, `${at} must have a boot order > 0, if supplied`)
    else if (seen.has(order))
      causes.invalid(`${at}.bootOrder`, `Boot order for ${at} already set for a different device.`)
    seen.add(order)
  }
}

interface NetworkContext {
  interfaces: readonly JsonObject[]
  networks: readonly JsonObject[]
  causes: Causes
}

const models = ['virtio', 'e1000', 'e1000e', 'igb', 'ne2k_pci', 'pcnet', 'rtl8139']
const bindings = ['masquerade', 'bridge', 'sriov', 'passtBinding', 'binding', 'slirp', 'passt', 'macvtap']

function checkNetworks(field: string, { interfaces, networks, causes }: NetworkContext): void {
  const at = `${field}.domain.devices.interfaces`
  for (const [index, network] of networks.entries()) {
    const name = String(network['name'] ?? '')
    if (!interfaces.some((entry) => entry['name'] === name)) {
      causes.required(`${field}.networks[${index}].name`, `${field}.networks[${index}].name '${name}' not found.`)
    }
  }
  if (networks.filter((network) => network['pod'] !== undefined).length > 1) {
    causes.invalid(`${field}.networks`, `more than one interface is connected to a pod network in ${field}.interfaces`)
  }
  const seen = new Set<string>()
  for (const [index, entry] of interfaces.entries()) {
    const name = String(entry['name'] ?? '')
    const network = networks.find((candidate) => candidate['name'] === name)
    if (!network) causes.invalid(`${at}[${index}].name`, `${at}[${index}].name '${name}' not found.`)
    if (seen.has(name))
      causes.invalid(`${at}[${index}].name`, 'Only one interface can be connected to one specific network')
    seen.add(name)
    if (!/^[A-Za-z0-9-_]+$/.test(name)) {
      causes.invalid(
        `${at}[${index}].name`,
        'Network interface name can only contain alphabetical characters, numbers, dashes (-) or underscores (_)',
      )
    }
    checkInterface(`${at}[${index}]`, entry, { network, causes })
  }
}

function checkInterface(
  field: string,
  entry: JsonObject,
  { network, causes }: { network: JsonObject | undefined; causes: Causes },
): void {
  const chosen = bindings.filter((binding) => entry[binding] !== undefined)
  if (chosen.length > 1) causes.invalid(field, 'only one binding method can be set')
  for (const binding of ['slirp', 'passt', 'macvtap']) {
    if (entry[binding] !== undefined) causes.invalid(`${field}.${binding}`, `${binding} interface is not supported`)
  }
  if (entry['masquerade'] !== undefined && network && network['pod'] === undefined) {
    causes.invalid(`${field}.name`, 'Masquerade interface only implemented with pod network')
  }
  const model = entry['model']
  if (typeof model === 'string' && model !== '' && !models.includes(model)) {
    causes.notSupported(`${field}.model`, `interface ${field}.name uses model ${model} that is not supported.`)
  }
  const mac = entry['macAddress']
  if (typeof mac === 'string' && mac !== '' && !/^([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$/.test(mac)) {
    causes.invalid(`${field}.macAddress`, `interface ${field}.name has malformed MAC address (${mac}).`)
  }
}

function checkFirmware(field: string, domain: JsonObject, causes: Causes): void {
  const firmware = isJsonObject(domain['firmware']) ? domain['firmware'] : {}
  const loader = isJsonObject(firmware['bootloader']) ? firmware['bootloader'] : {}
  const at = `${field}.domain.firmware.bootloader`
  if (loader['efi'] !== undefined && loader['bios'] !== undefined) {
    causes.invalid(`${at}.efi`, `${at}.efi can not be set together with ${at}.bios.`)
  }
  if (!isJsonObject(loader['efi']) || loader['efi']['secureBoot'] === false) return
  const features = isJsonObject(domain['features']) ? domain['features'] : {}
  const smm = isJsonObject(features['smm']) ? features['smm'] : undefined
  if (smm === undefined || smm['enabled'] === false) {
    causes.invalid(
      `${at}.efi.secureBoot`,
      `${at}.efi.secureBoot is enabled, but ${field}.domain.features.smm is not enabled. SecureBoot requires SMM features enabled.`,
    )
  }
}
