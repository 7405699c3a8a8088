import type { JsonObject } from '@/contract/json'
import type { Causes } from './causes'
import type { MachineRule } from './machine-check'
import { checkImagePath } from './machine-disks'
import { isSwitchedOn, objectAt, objectsAt, textAt, valueAt } from './machine-fields'

export const checkMachineType: MachineRule = ({ field, spec, settings, causes }) => {
  const type = textAt(spec, 'domain', 'machine', 'type')
  const known = settings.emulatedMachines
  if (type === '' || known.some((pattern) => matchesPattern(type, pattern))) return
  const at = `${field}.domain.machine.type`
  causes.invalid(at, `${at} is not supported: ${type} (allowed values: [${known.join(' ')}])`)
}

/** Patterns have `*` for any text and `?` for a letter. */
function matchesPattern(text: string, pattern: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]')
  return new RegExp(`^${source}$`).test(text)
}

/** Tables for the guest's ACPI come from Secrets. */
export const checkAcpi: MachineRule = ({ field, spec, causes }) => {
  const acpi = objectAt(spec, 'domain', 'firmware', 'acpi')
  if (!acpi) return
  const at = `${field}.acpi`
  const names = (['slicNameRef', 'msdmNameRef'] as const).filter((name) => textAt(acpi, name) !== '')
  if (names.length === 0) causes.invalid(at, 'ACPI was set but no SLIC nor MSDM volume reference was set')
  for (const name of names) {
    const volume = objectsAt(spec, 'volumes').find((candidate) => candidate['name'] === acpi[name])
    if (!volume) causes.invalid(`${at}.${name}`, `${at} does not have a matching Volume.`)
    else if (!objectAt(volume, 'secret')) {
      causes.invalid(`${at}.${name}`, `${at} refers to Volume of unsupported type.`)
    }
  }
}

export const checkFirmware: MachineRule = ({ field, spec, causes }) => {
  const domain = objectAt(spec, 'domain') ?? {}
  checkFirmwareOf(`${field}.domain.firmware`, objectAt(domain, 'firmware'), causes)
  const efi = objectAt(domain, 'firmware', 'bootloader', 'efi')
  const secure = efi !== undefined && efi['secureBoot'] !== false
  const stateless = valueAt(domain, 'launchSecurity', 'tdx') !== undefined
  if (!secure || stateless || isSwitchedOn(valueAt(domain, 'features', 'smm'))) return
  const at = `${field}.domain`
  causes.invalid(at, `${at} has EFI SecureBoot enabled. SecureBoot requires SMM, which is currently disabled.`)
}

export function checkFirmwareOf(at: string, firmware: JsonObject | undefined, causes: Causes): void {
  const loader = objectAt(firmware, 'bootloader')
  if (objectAt(loader, 'efi') && objectAt(loader, 'bios')) {
    const field = `${at}.bootloader`
    causes.invalid(field, `${field} has both EFI and BIOS configured, but they are mutually exclusive.`)
  }
  const boot = objectAt(firmware, 'kernelBoot')
  if (boot) checkKernelBoot(`${at}.kernelBoot`, boot, causes)
}

function checkKernelBoot(at: string, boot: JsonObject, causes: Causes): void {
  const container = objectAt(boot, 'container')
  if (!container) {
    if (textAt(boot, 'kernelArgs') !== '') {
      causes.invalid(`${at}.kernelArgs`, 'kernel arguments cannot be provided without an external kernel')
    }
    return
  }
  const field = `${at}.container`
  const paths = (['kernelPath', 'initrdPath'] as const).filter((name) => textAt(container, name) !== '')
  if (textAt(container, 'image') === '') causes.required(`${field}.image`, `${field} must be defined with an image`)
  if (paths.length === 0) {
    causes.required(field, `${field} must be defined with at least one of the following: kernelPath, initrdPath`)
  }
  for (const name of paths) checkImagePath(`${field}.${name}`, textAt(container, name), causes)
}
