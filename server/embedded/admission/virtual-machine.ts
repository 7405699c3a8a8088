import { isJsonObject, type JsonObject } from '@/contract/json'
import { deniedByWebhook } from '../errors/status-error'
import type { AdmissionPlugin } from './admission'
import { Causes, objectsIn } from './causes'
import { fillInstance, fillMachine } from './machine-defaults'
import { checkMachineSpec } from './machine-spec'

const runStrategies = ['Always', 'Halted', 'Manual', 'RerunOnFailure', 'Once']

function templateSpec(object: JsonObject | undefined): JsonObject | undefined {
  const spec = object?.['spec']
  const template = isJsonObject(spec) ? spec['template'] : undefined
  return isJsonObject(template) && isJsonObject(template['spec']) ? template['spec'] : undefined
}

function firmwareOf(spec: JsonObject | undefined): JsonObject {
  const domain = spec?.['domain']
  return isJsonObject(domain) && isJsonObject(domain['firmware']) ? domain['firmware'] : {}
}

/** KubeVirt's defaults and rules for VirtualMachines (its `virtualmachines-mutator` and `virtualmachine-validator`). */
export const virtualMachineAdmission: AdmissionPlugin = {
  name: 'virtualmachine-validator.kubevirt.io',
  resources: ['virtualmachines.kubevirt.io'],
  mutate({ object, old, subresource }) {
    const spec = templateSpec(object)
    if (!spec || subresource !== '' || object?.metadata.deletionTimestamp !== undefined) return
    fillMachine(spec, firmwareOf(templateSpec(old)))
  },
  validate({ operation, object, subresource, warnings }) {
    if (operation === 'DELETE' || !object || subresource !== '' || object.metadata.deletionTimestamp !== undefined)
      return
    const causes = new Causes()
    const spec = isJsonObject(object['spec']) ? object['spec'] : {}
    checkSpec(spec, templateSpec(object), causes)
    if (causes.list.length > 0) throw deniedByWebhook('virtualmachine-validator.kubevirt.io', causes.list)
    if (spec['running'] !== undefined) {
      warnings.push('spec.running is deprecated, please use spec.runStrategy instead.')
    }
  },
}

function checkSpec(spec: JsonObject, machine: JsonObject | undefined, causes: Causes): void {
  if (!machine || !isJsonObject(machine['domain'])) {
    causes.required('spec.template', 'missing virtual machine template.')
    return
  }
  // Rules hold for what the machine will be, defaults included.
  const completed = structuredClone(machine)
  fillInstance(completed)
  checkMachineSpec('spec.template.spec', completed, causes)
  checkDataVolumeTemplates(spec, completed, causes)
  checkRunStrategy(spec, causes)
}

function checkRunStrategy(spec: JsonObject, causes: Causes): void {
  const { running, runStrategy } = spec
  if (running !== undefined && runStrategy !== undefined) {
    causes.invalid(
      'spec.running',
      'Running and RunStrategy are mutually exclusive. Note that Running is deprecated, please use RunStrategy instead',
    )
  }
  if (running === undefined && runStrategy === undefined)
    causes.invalid('spec.running', 'RunStrategy must be specified')
  if (runStrategy !== undefined && !runStrategies.includes(String(runStrategy))) {
    causes.invalid('spec.runStrategy', `Invalid RunStrategy (${String(runStrategy)})`)
  }
}

function checkDataVolumeTemplates(spec: JsonObject, machine: JsonObject, causes: Causes): void {
  for (const [index, template] of objectsIn(spec['dataVolumeTemplates']).entries()) {
    const field = `spec.dataVolumeTemplate[${index}]`
    const name = isJsonObject(template['metadata']) ? template['metadata']['name'] : undefined
    if (typeof name !== 'string' || name === '') {
      causes.required(`${field}.name`, `'name' field must not be empty for DataVolumeTemplate entry ${field}.name.`)
      continue
    }
    const volume = isJsonObject(template['spec']) ? template['spec'] : {}
    if (volume['pvc'] === undefined && volume['storage'] === undefined) {
      causes.invalid(`${field}.PVC.Storage`, 'Missing Data volume PVC or Storage')
      continue
    }
    if (volume['pvc'] !== undefined && volume['storage'] !== undefined) {
      causes.invalid(`${field}.PVC.Storage`, 'Duplicate storage definition, both target storage and target pvc defined')
      continue
    }
    if (!usesVolume(machine, name)) {
      causes.required(
        field,
        `DataVolumeTemplate entry ${field} must be referenced in the VMI template's 'volumes' list`,
      )
    }
  }
}

function usesVolume(machine: JsonObject, name: string): boolean {
  return objectsIn(machine['volumes']).some(({ dataVolume, persistentVolumeClaim }) => {
    const byVolume = isJsonObject(dataVolume) && dataVolume['name'] === name
    return byVolume || (isJsonObject(persistentVolumeClaim) && persistentVolumeClaim['claimName'] === name)
  })
}
