import { isJsonObject, type JsonObject } from '@/contract/json'
import type { ApiObject } from '../api-object'
import type { ReadObjects } from '../strategies/strategy'
import type { AdmissionPlugin } from './admission'
import { Causes, deniedByKubeVirt } from './causes'
import { checkDiskList } from './machine-disks'
import { objectAt, objectsAt } from './machine-fields'
import { checkFirmwareOf } from './machine-firmware'
import { labelsOf, selectorMatches } from './machine-selectors'

const webhook = 'virtualmachinepreset-validator.kubevirt.io'

/** KubeVirt's rules for VirtualMachineInstancePresets. */
export const virtualMachineInstancePresetAdmission: AdmissionPlugin = {
  name: webhook,
  resources: ['virtualmachineinstancepresets.kubevirt.io'],
  validate({ operation, object }) {
    if (operation === 'DELETE' || !object) return
    const causes = new Causes()
    const domain = objectAt(object, 'spec', 'domain')
    if (domain) {
      checkDiskList('spec.domain.devices.disks', objectsAt(domain, 'devices', 'disks'), causes)
      checkFirmwareOf('spec.domain.firmware', objectAt(domain, 'firmware'), causes)
    } else causes.required('spec.domain', 'missing domain.')
    if (causes.any) throw deniedByKubeVirt(webhook, causes.list)
  },
}

/** Fills a new instance's gaps from the presets whose selectors take it; says whether there were any. */
export function applyPresets(instance: ApiObject, list: ReadObjects): boolean {
  const { namespace } = instance.metadata
  const fitting = list('virtualmachineinstancepresets.kubevirt.io', namespace).filter((preset) =>
    selectorMatches(objectAt(preset, 'spec', 'selector'), labelsOf(instance.metadata)),
  )
  const spec = objectAt(instance, 'spec')
  if (
    fitting.length === 0 ||
    !spec ||
    instance.metadata.annotations?.['virtualmachineinstancepresets.admission.kubevirt.io/exclude'] === 'true'
  )
    return false
  for (const preset of fitting) {
    spec['domain'] = merged(spec['domain'], objectAt(preset, 'spec', 'domain'))
    instance.metadata.annotations = {
      ...instance.metadata.annotations,
      [`virtualmachinepreset.kubevirt.io/${preset.metadata.name}`]: 'kubevirt.io/v1',
    }
  }
  return true
}

/** What the instance says stays. */
function merged(own: unknown, preset: unknown): unknown {
  if (own === undefined || own === null) return structuredClone(preset)
  if (!isJsonObject(own) || !isJsonObject(preset)) return own
  const result: JsonObject = { ...own }
  for (const [key, value] of Object.entries(preset)) result[key] = merged(own[key], value)
  return result
}
