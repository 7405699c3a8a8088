import type { User } from '../identity/user'
import type { Causes } from './causes'
import { textAt } from './machine-fields'
import { labelsOf } from './machine-selectors'
import type { MachineSettings } from './machine-settings'

/** Labels that only KubeVirt itself puts on instances. */
const reservedLabels = [
  'kubevirt.io/created-by',
  'kubevirt.io/migrationJobUID',
  'kubevirt.io/nodeName',
  'kubevirt.io/migrationTargetNodeName',
  'kubevirt.io/schedulable',
  'kubevirt.io/install-strategy',
]

const platformAccounts = new Set([
  'system:serviceaccount:kubevirt:kubevirt-apiserver',
  'system:serviceaccount:kubevirt:kubevirt-controller',
  'system:serviceaccount:kubevirt:kubevirt-handler',
])

/** Whether a request comes from what runs the machines: KubeVirt's own accounts, and this cluster's engine. */
export function isPlatformUser({ name }: User): boolean {
  return platformAccounts.has(name) || name === 'system:chiave:engine'
}

/** The reserved labels that an object carries. */
export function reservedLabelsOf(metadata: unknown): Record<string, unknown> {
  const labels = labelsOf(metadata)
  return Object.fromEntries(
    reservedLabels.filter((name) => Object.hasOwn(labels, name)).map((name) => [name, labels[name]]),
  )
}

interface MetadataCheck {
  settings: MachineSettings
  user: User
  causes: Causes
}

/** The labels and annotations of an instance, or of a template for one. */
export function checkMachineMetadata(field: string, metadata: unknown, check: MetadataCheck): void {
  const { settings, user, causes } = check
  if (!isPlatformUser(user) && Object.keys(reservedLabelsOf(metadata)).length > 0) {
    causes.notSupported(
      `${field}.labels`,
      'creation of the following reserved kubevirt.io/ labels on a VMI object is prohibited',
    )
  }
  for (const { annotation, gate, words } of [
    {
      annotation: 'kubevirt.io/ignitiondata',
      gate: 'ExperimentalIgnitionSupport',
      words: 'ExperimentalIgnitionSupport feature gate',
    },
    { annotation: 'hooks.kubevirt.io/hookSidecars', gate: 'Sidecar', words: 'sidecar feature gate' },
  ]) {
    if (textAt(metadata, 'annotations', annotation) === '' || settings.has(gate)) continue
    causes.invalid(
      `${field}.annotations`,
      `${words} is not enabled in kubevirt-config, invalid entry ${field}.annotations.${annotation}`,
    )
  }
}
