import { isJsonObject, type JsonObject, jsonEqual } from '@/contract/json'
import type { AdmissionPlugin, AdmissionRequest } from './admission'
import { Causes, deniedByKubeVirt, failedInWebhook } from './causes'
import { numberAt, objectAt, objectsAt, textAt, textsAt, valueAt } from './machine-fields'
import { readMachineSettings } from './machine-settings'

const creator = 'kubevirt-create-validator.kubevirt.io'
const updater = 'kubevirt-update-validator.kubevirt.io'
const remover = 'kubevirt-validator.kubevirt.io'

/** The rules for the KubeVirt resource itself: there is one, and it is sound. */
export const virtualMachinePlatformAdmission: AdmissionPlugin = {
  name: updater,
  resources: ['kubevirts.kubevirt.io'],
  validate(request) {
    const { operation, subresource } = request
    if (operation === 'CREATE' && request.list('kubevirts.kubevirt.io').length > 0) {
      throw failedInWebhook(creator, 'Kubevirt is already created')
    }
    if (operation === 'UPDATE' && subresource === '') checkUpdate(request)
    if (operation === 'DELETE') checkRemoval(request)
  },
}

function checkUpdate({ object, old, list }: AdmissionRequest): void {
  const causes = new Causes()
  const spec = objectAt(object, 'spec') ?? {}
  checkPatches(spec, causes)
  checkOverhead(valueAt(spec, 'configuration', 'additionalGuestMemoryOverheadRatio'), causes)
  checkCiphers(object, { old, causes })
  if (numberAt(spec, 'infra', 'replicas') === 0) {
    causes.list.push({ reason: 'FieldValueInvalid', message: "infra replica count can't be 0" })
  }
  checkGates(spec, causes)
  const settings = readMachineSettings((resource) =>
    resource === 'kubevirts.kubevirt.io' && object ? [object] : list(resource),
  )
  if (
    valueAt(spec, 'configuration', 'roleAggregationStrategy') === 'Manual' &&
    !settings.has('OptOutRoleAggregation')
  ) {
    causes.invalid(
      'spec.configuration.roleAggregationStrategy',
      'RoleAggregationStrategy cannot be set to Manual without enabling the OptOutRoleAggregation feature gate',
    )
  }
  if (causes.any) throw deniedByKubeVirt(updater, causes.list)
}

function checkPatches(spec: JsonObject, causes: Causes): void {
  for (const patch of objectsAt(spec, 'customizeComponents', 'patches')) {
    const text = textAt(patch, 'patch')
    if (isJson(text)) continue
    causes.list.push({
      reason: 'FieldValueNotSupported',
      message: `patch ${JSON.stringify(text)} is not valid JSON`,
    })
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    // That it is none is the answer.
    return false
  }
}

function checkOverhead(ratio: unknown, causes: Causes): void {
  if (ratio === undefined) return
  const value = typeof ratio === 'string' && ratio.trim() !== '' ? Number(ratio) : Number.NaN
  const refuse = (message: string) => causes.list.push({ reason: 'FieldValueNotSupported', message })
  if (Number.isNaN(value)) {
    const why = `strconv.ParseFloat: parsing ${JSON.stringify(ratio)}: invalid syntax`
    refuse(`ratio provided, ${String(ratio)}, cannot be parsed into float: ${why}`)
  } else if (value < 1) refuse(`ratio provided, ${String(ratio)}, cannot be smaller than 1.0`)
}

function checkCiphers(object: unknown, { old, causes }: { old: unknown; causes: Causes }): void {
  const path = ['spec', 'configuration', 'tlsConfiguration'] as const
  const tls = valueAt(object, ...path)
  if (!isJsonObject(tls) || jsonEqual(tls, valueAt(old, ...path)) || textsAt(tls, 'ciphers').length === 0) return
  if (!['', 'VersionTLS13'].includes(textAt(tls, 'minTLSVersion'))) return
  causes.notSupported(
    'spec.configuration.tlsConfiguration.ciphers',
    'You cannot specify ciphers when spec.configuration.tlsConfiguration.minTLSVersion is empty or VersionTLS13',
  )
}

function checkGates(spec: JsonObject, causes: Causes): void {
  const developer = objectAt(spec, 'configuration', 'developerConfiguration')
  const disabled = textsAt(developer, 'disabledFeatureGates')
  for (const gate of textsAt(developer, 'featureGates')) {
    if (!disabled.includes(gate)) continue
    causes.forbidden(
      'spec.configuration.developerConfiguration.featureGates',
      `feature gate "${gate}" exists on both "FeatureGates" and "DisabledFeatureGates"`,
    )
  }
}

/** Where the resource says so, it stays as long as machines do. */
function checkRemoval({ old, list }: AdmissionRequest): void {
  const strategy = textAt(old, 'spec', 'uninstallStrategy')
  if (strategy !== 'BlockUninstallIfWorkloadsExist' || textAt(old, 'status', 'phase') !== 'Deployed') return
  for (const [resource, name] of [
    ['virtualmachineinstances.kubevirt.io', 'Virtual Machine Instances'],
    ['virtualmachines.kubevirt.io', 'Virtual Machines'],
    ['virtualmachineinstancereplicasets.kubevirt.io', 'Virtual Machine Instance Replica Sets'],
  ] as const) {
    if (list(resource).length === 0) continue
    throw failedInWebhook(
      remover,
      `Rejecting the uninstall request, since there are still ${name} present. Either delete all KubeVirt related workloads or change the uninstall strategy before uninstalling KubeVirt.`,
    )
  }
}
