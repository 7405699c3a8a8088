import type { MachineCheck, MachineRule } from './machine-check'
import { numberAt, objectAt, objectsAt, textAt, valueAt } from './machine-fields'

export const checkInputs: MachineRule = ({ field, spec, causes }) => {
  for (const [index, input] of objectsAt(spec, 'domain', 'devices', 'inputs').entries()) {
    const at = `${field}.domain.devices.inputs[${index}]`
    if (!['virtio', 'usb', ''].includes(textAt(input, 'bus'))) {
      causes.invalid(`${at}.bus`, 'Input device can have only virtio or usb bus.')
    }
    if (textAt(input, 'type') !== 'tablet') causes.invalid(`${at}.type`, 'Input device can have only tablet type.')
  }
}

export const checkIoThreads: MachineRule = ({ field, spec, causes }) => {
  const policy = valueAt(spec, 'domain', 'ioThreadsPolicy')
  if (policy === undefined) return
  if (!['shared', 'auto', 'supplementalPool'].includes(String(policy))) {
    causes.invalid(`${field}.domain.ioThreadsPolicy`, `Invalid IOThreadsPolicy (${String(policy)})`)
  }
  const count = numberAt(spec, 'domain', 'ioThreads', 'supplementalPoolThreadCount') ?? 0
  if (policy === 'supplementalPool' && count < 1) {
    causes.invalid(
      `${field}.domain.ioThreads.count`,
      'the number of iothreads needs to be set and positive for the dedicated policy',
    )
  }
}

/** Devices of the host, and what of a host's they show. */
export const checkPassthrough: MachineRule = ({ field, spec, settings, causes }) => {
  const displays = objectsAt(spec, 'domain', 'devices', 'gpus').filter((gpu) => showsRamFb(gpu))
  if (displays.length > 1) {
    causes.invalid(`${field}.GPUs`, 'configuring multiple displays with ramfb is not valid ')
  }
  if (valueAt(spec, 'domain', 'devices', 'hostDevices') !== undefined && !settings.has('HostDevices')) {
    causes.invalid(`${field}.HostDevices`, 'Host Devices feature gate is not enabled in kubevirt-config')
  }
}

function showsRamFb(gpu: unknown): boolean {
  const display = objectAt(gpu, 'virtualGPUOptions', 'display')
  return display !== undefined && display['enabled'] !== false && valueAt(display, 'ramFB', 'enabled') !== false
}

export const checkSound: MachineRule = ({ field, spec, causes }) => {
  const sound = objectAt(spec, 'domain', 'devices', 'sound')
  if (!sound) return
  if (!['', 'ich9', 'ac97'].includes(textAt(sound, 'model'))) {
    causes.invalid(`${field}.Sound`, "Sound device type is not supported. Options: 'ich9' or 'ac97'")
  }
  if (textAt(sound, 'name') === '') causes.invalid(`${field}.Sound`, 'Sound device requires a name field.')
}

/** Devices that a feature gate of the cluster allows. */
export const checkGatedDevices: MachineRule = ({ field, spec, settings, causes }) => {
  const at = `${field}.domain.devices`
  const devices = objectAt(spec, 'domain', 'devices') ?? {}
  if (devices['autoattachVSOCK'] === true && !settings.has('VSOCK')) {
    causes.invalid(`${at}.autoattachVSOCK`, 'VSOCK feature gate is not enabled in kubevirt-config')
  }
  if (objectAt(devices, 'downwardMetrics') && !settings.has('DownwardMetrics')) {
    causes.invalid(
      `${at}.downwardMetrics`,
      'downwardMetrics virtio serial is not allowed: DownwardMetrics feature gate is not enabled',
    )
  }
  const volumes = new Map(objectsAt(spec, 'volumes').map((volume) => [volume['name'], volume]))
  for (const { name } of objectsAt(devices, 'filesystems')) {
    const volume = volumes.get(name)
    const stores = objectAt(volume, 'persistentVolumeClaim') ?? objectAt(volume, 'dataVolume')
    if (!stores || settings.has('EnableVirtioFsStorageVolumes')) continue
    causes.invalid(`${at}.filesystems`, 'virtiofs is not allowed: virtiofs feature gate is not enabled for PVC')
  }
}

const panicModels = ['hyperv', 'isa', 'pvpanic']

export const checkScreenAndPanic: MachineRule = ({ field, spec, settings, causes }) => {
  const devices = objectAt(spec, 'domain', 'devices')
  if (objectAt(devices, 'video') && devices?.['autoattachGraphicsDevice'] === false) {
    causes.invalid(`${field}.video`, 'Video configuration is not allowed when autoattachGraphicsDevice is set to false')
  }
  for (const [index, device] of objectsAt(devices, 'panicDevices').entries()) {
    const model = valueAt(device, 'model')
    if (model === undefined || panicModels.includes(String(model))) continue
    causes.invalid(`${field}.domain.devices.panicDevices[${index}].model`, `invalid PanicDeviceModel(${String(model)})`)
  }
  if (valueAt(spec, 'domain', 'rebootPolicy') !== undefined && !settings.has('RebootPolicy')) {
    causes.invalid(
      `${field}.domain.rebootPolicy`,
      'RebootPolicy is specified but the RebootPolicy feature gate is not enabled',
    )
  }
}

const videoTypes = ['vga', 'cirrus', 'virtio', 'ramfb', 'bochs']

/** What an instance's architecture has; of a template it is not asked. */
export const checkArchitecture: MachineRule = ({ field, spec, causes }: MachineCheck) => {
  const architecture = textAt(spec, 'architecture')
  if (architecture !== 'amd64') {
    return causes.invalid(`${field}.architecture`, `unsupported architecture: ${architecture}`)
  }
  const at = `${field}.domain.devices`
  const watchdog = objectAt(spec, 'domain', 'devices', 'watchdog')
  if (watchdog && (!objectAt(watchdog, 'i6300esb') || valueAt(watchdog, 'diag288') !== undefined)) {
    causes.notSupported(`${at}.watchdog`, 'amd64 only supports I6300ESB watchdog device')
  }
  const video = objectAt(spec, 'domain', 'devices', 'video')
  if (video && !videoTypes.includes(textAt(video, 'type'))) {
    causes.notSupported(
      `${at}.video.type`,
      `video model '${textAt(video, 'type')}' is not supported on amd64 architecture`,
    )
  }
}
