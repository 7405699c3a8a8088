import { isJsonObject, jsonEqual } from '@/contract/json'
import type { StatusCause } from '@/contract/kube-object'
import { toKubeTime } from '../clock'
import type { AdmissionPlugin, AdmissionRequest } from './admission'
import { Causes, deniedByKubeVirt } from './causes'
import { fillInstance, initialStatus } from './machine-defaults'
import { objectAt, textAt, valueAt } from './machine-fields'
import { checkMachineMetadata, isPlatformUser, reservedLabelsOf } from './machine-metadata'
import { readMachineSettings } from './machine-settings'
import { checkShape } from './machine-shape'
import { checkInstancePlatform, checkInstanceSpec } from './machine-spec'
import { hotplugCauses } from './virtual-machine-instance-hotplug'
import { applyPresets } from './virtual-machine-instance-preset'

const mutator = 'virtualmachineinstances-mutator.kubevirt.io'
const creator = 'virtualmachineinstances-create-validator.kubevirt.io'
const updater = 'virtualmachineinstances-update-validator.kubevirt.io'
const finalizer = 'kubevirt.io/foregroundDeleteVirtualMachine'

/** KubeVirt's defaults and rules for VirtualMachineInstances. */
export const virtualMachineInstanceAdmission: AdmissionPlugin = {
  name: creator,
  resources: ['virtualmachineinstances.kubevirt.io'],
  mutate(request) {
    const { operation, object, old, user } = request
    if (!object || operation === 'DELETE') return
    checkShape(mutator, object, false)
    if (operation === 'CREATE') return furnish(request)
    // There is no status subresource that would keep people from writing the status.
    if (isPlatformUser(user) || jsonEqual(object['status'], old?.['status'])) return
    if (old?.['status'] === undefined) delete object['status']
    else object['status'] = structuredClone(old['status'])
  },
  validate(request) {
    const { operation } = request
    if (operation === 'CREATE') refuse(creator, creationCauses(request))
    if (operation === 'UPDATE') refuse(updater, updateCauses(request))
  },
}

function refuse(webhook: string, causes: readonly StatusCause[]): void {
  if (causes.length > 0) throw deniedByKubeVirt(webhook, causes)
}

function furnish({ object, list, warnings }: AdmissionRequest): void {
  if (!object || !isJsonObject(object['spec'])) return
  const presets = applyPresets(object, list)
  if (presets) {
    warnings.push('kubevirt.io/v1 VirtualMachineInstancePresets is now deprecated and will be removed in v2.')
  }
  const spec = object['spec']
  fillInstance(spec, readMachineSettings(list))
  const { metadata } = object
  if (textAt(spec, 'domain', 'machine', 'type').includes('q35')) {
    metadata.annotations = { 'kubevirt.io/pci-topology-version': 'v3', ...metadata.annotations }
  }
  if (!metadata.finalizers?.includes(finalizer)) metadata.finalizers = [...(metadata.finalizers ?? []), finalizer]
  const now = metadata.creationTimestamp ?? toKubeTime(new Date())
  const given = isJsonObject(object['status']) ? object['status'] : {}
  object['status'] = {
    ...initialStatus(spec),
    ...given,
    phase: 'Pending',
    phaseTransitionTimestamps: [{ phase: 'Pending', phaseTransitionTimestamp: now }],
  }
}

function creationCauses({ object, list, user }: AdmissionRequest): readonly StatusCause[] {
  const settings = readMachineSettings(list)
  const causes = new Causes()
  const check = { field: 'spec', spec: objectAt(object, 'spec') ?? {}, settings, causes }
  checkInstanceSpec(check)
  checkMachineMetadata('metadata', object?.metadata, { settings, user, causes })
  checkInstancePlatform(check)
  return causes.list
}

function updateCauses({ object, old, user }: AdmissionRequest): readonly StatusCause[] {
  const platform = isPlatformUser(user)
  if (!jsonEqual(valueAt(object, 'spec'), valueAt(old, 'spec'))) {
    if (!platform) return [{ reason: 'FieldValueNotSupported', message: 'update of VMI object is restricted' }]
    const causes = hotplugCauses(objectAt(object, 'spec') ?? {}, old ?? {})
    if (causes.length > 0) return causes
  }
  if (platform || jsonEqual(reservedLabelsOf(object?.metadata), reservedLabelsOf(old?.metadata))) return []
  const message = 'modification of the following reserved kubevirt.io/ labels on a VMI object is prohibited'
  return [{ reason: 'FieldValueNotSupported', message }]
}
