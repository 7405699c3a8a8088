import type { JsonObject } from '@/contract/json'
import type { MachineRule } from './machine-check'
import { childOf, objectAt, objectsAt, textAt, valueAt } from './machine-fields'

/** What of Hyper-V's needs what else, leaves first. */
const needs = [
  ['evmcs', 'vapic'],
  ['ipi', 'vpindex'],
  ['tlbflush', 'vpindex'],
  ['synictimer', 'synic'],
  ['synic', 'vpindex'],
] as const

function isOn(hyperv: JsonObject, feature: string): boolean {
  return valueAt(hyperv, feature, 'enabled') === true
}

/** Switches on what a machine's Hyper-V features need and nobody has said anything about. */
export function fillHyperv(domain: JsonObject): void {
  const hyperv = objectAt(domain, 'features', 'hyperv')
  if (!hyperv) return
  for (const [feature, need] of needs) {
    if (!isOn(hyperv, feature) || isOn(hyperv, need)) continue
    // What was switched off by hand is refused later, not overruled.
    if (valueAt(hyperv, need, 'enabled') === false) return
    childOf(hyperv, need)['enabled'] = true
  }
  if (!objectAt(hyperv, 'evmcs') || valueAt(hyperv, 'evmcs', 'enabled') === false) return
  const cpu = childOf(domain, 'cpu')
  const features = objectsAt(cpu, 'features')
  const vmx = features.find(({ name }) => name === 'vmx')
  if (vmx) vmx['policy'] = 'require'
  else cpu['features'] = [...features, { name: 'vmx', policy: 'require' }]
}

/** An instance's Hyper-V features have what they need; the paths repeat themselves as KubeVirt's do. */
export const checkHyperv: MachineRule = ({ field, spec, causes }) => {
  const hyperv = objectAt(spec, 'domain', 'features', 'hyperv')
  if (!hyperv) return
  const place = `${field}.domain.features.hyperv`
  const at = `${place}.domain.features.hyperv`
  for (const [feature, need] of needs) {
    if (!isOn(hyperv, feature) || isOn(hyperv, need)) continue
    causes.invalid(`${at}.${feature}`, `'${at}.${feature}' requires '${at}.${need}', which was disabled.`)
  }
  if (objectAt(hyperv, 'evmcs') && valueAt(hyperv, 'evmcs', 'enabled') !== false) {
    const features = objectsAt(spec, 'domain', 'cpu', 'features')
    if (features.length === 0) {
      causes.required('spec.domain.cpu.features', 'vmx cpu feature is required when evmcs is set')
    }
    for (const [index, feature] of features.entries()) {
      if (textAt(feature, 'name') !== 'vmx' || textAt(feature, 'policy') === 'require') continue
      causes.invalid(`spec.domain.cpu.features[${index}].policy`, 'vmx cpu feature has to be set to require policy')
    }
  }
  if (!objectAt(spec, 'domain', 'features', 'hypervPassthrough')) return
  causes.invalid(
    place,
    'Cannot explicitly set hyperV features if HypervPassthrough is being used. Please use either HyperV or HypervPassthrough.',
  )
}
