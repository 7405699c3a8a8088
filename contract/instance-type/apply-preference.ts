import { isJsonObject, type JsonObject } from '../json'
import { childOf, objectAt, objectsAt, textAt, valueAt } from '../json-fields'
import { applyDevicePreferences } from './apply-device-preferences'
import { fill } from './fill'

/**
 * Gives a template what a preference wants and it does not say itself; the template is changed in place. Where KubeVirt
 * overwrites although a preference is only a wish (acpi, disableHotplug), this does too.
 */
export function applyPreference(template: JsonObject, preference: JsonObject): void {
  const machine = childOf(template, 'spec')
  const domain = childOf(machine, 'domain')
  applyCpuFeatures(domain, preference)
  applyDevicePreferences(machine, preference)
  applyFeatures(domain, objectAt(preference, 'features'))
  applyFirmware(domain, objectAt(preference, 'firmware'))
  const type = textAt(preference, 'machine', 'preferredMachineType')
  if (type !== '') childOf(domain, 'machine')['type'] ||= type
  applyClock(domain, objectAt(preference, 'clock'))
  fill(machine, 'subdomain', preference['preferredSubdomain'])
  fill(machine, 'terminationGracePeriodSeconds', preference['preferredTerminationGracePeriodSeconds'])
  fill(machine, 'architecture', preference['preferredArchitecture'])
  const annotations = objectAt(preference, 'annotations')
  if (annotations) {
    const target = childOf(childOf(template, 'metadata'), 'annotations')
    for (const [key, value] of Object.entries(annotations)) {
      if (!Object.hasOwn(target, key)) target[key] = value
    }
  }
  fill(domain, 'launchSecurity', preference['preferredLaunchSecurity'])
}

function applyCpuFeatures(domain: JsonObject, preference: JsonObject): void {
  const wishes = objectsAt(preference, 'cpu', 'preferredCPUFeatures')
  if (wishes.length === 0) return
  const cpu = childOf(domain, 'cpu')
  const own = objectsAt(cpu, 'features')
  const named = new Set(own.map(({ name }) => name))
  cpu['features'] = [...own, ...structuredClone(wishes.filter(({ name }) => !named.has(name)))]
}

const featureWishes = [
  ['apic', 'preferredApic'],
  ['kvm', 'preferredKvm'],
  ['pvspinlock', 'preferredPvspinlock'],
  ['smm', 'preferredSmm'],
] as const

function applyFeatures(domain: JsonObject, wishes: JsonObject | undefined): void {
  if (!wishes) return
  const features = childOf(domain, 'features')
  if (isJsonObject(wishes['preferredAcpi'])) features['acpi'] = structuredClone(wishes['preferredAcpi'])
  for (const [field, wish] of featureWishes) fill(features, field, wishes[wish])
  const hyperv = objectAt(wishes, 'preferredHyperv')
  if (!hyperv) return
  const own = childOf(features, 'hyperv')
  for (const [field, wish] of Object.entries(hyperv)) fill(own, field, wish)
}

function applyFirmware(domain: JsonObject, wishes: JsonObject | undefined): void {
  if (!wishes) return
  const loader = childOf(childOf(domain, 'firmware'), 'bootloader')
  const undecided = () => !objectAt(loader, 'bios') && !objectAt(loader, 'efi')
  if (wishes['preferredUseBios'] === true && undecided()) loader['bios'] = {}
  const bios = objectAt(loader, 'bios')
  if (bios) fill(bios, 'useSerial', wishes['preferredUseBiosSerial'])
  if (undecided() && isJsonObject(wishes['preferredEfi'])) {
    loader['efi'] = structuredClone(wishes['preferredEfi'])
    return
  }
  if (wishes['preferredUseEfi'] === true && undecided()) loader['efi'] = {}
  const efi = objectAt(loader, 'efi')
  if (efi) fill(efi, 'secureBoot', wishes['preferredUseSecureBoot'])
}

/** The offset is one thing: a machine with an offset of its own takes nothing of the wish. */
function applyClock(domain: JsonObject, wishes: JsonObject | undefined): void {
  if (!wishes) return
  const clock = childOf(domain, 'clock')
  const offset = objectAt(wishes, 'preferredClockOffset')
  const decided = valueAt(clock, 'utc') !== undefined || valueAt(clock, 'timezone') !== undefined
  if (offset && !decided) Object.assign(clock, structuredClone(offset))
  fill(clock, 'timer', wishes['preferredTimer'])
}
