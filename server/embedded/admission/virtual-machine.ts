import type { Sizing } from '@/contract/instance-type/apply-instance-type'
import { type JsonObject, jsonEqual } from '@/contract/json'
import type { StatusCause } from '@/contract/kube-object'
import type { AdmissionPlugin, AdmissionRequest } from './admission'
import { Causes, deniedByKubeVirt } from './causes'
import { fillSpec, fillTemplate } from './machine-defaults'
import { childOf, numberAt, objectAt, objectsAt, textAt, valueAt } from './machine-fields'
import { memoryGrowthProblem } from './machine-memory'
import { checkMachineMetadata } from './machine-metadata'
import { checkDiscontinuedBindings } from './machine-networks'
import { type MachineSettings, readMachineSettings } from './machine-settings'
import { checkShape } from './machine-shape'
import { checkMachineSpec } from './machine-spec'
import { checkDataVolumeTemplates, checkTemplateNamespaces } from './virtual-machine-data-volume-templates'
import {
  findTypeAndPreference,
  matcherCauses,
  requirementCauses,
  sizingCauses,
  storePreference,
} from './virtual-machine-instancetype'
import { volumeRequestCauses } from './virtual-machine-volume-requests'

const mutator = 'virtualmachines-mutator.kubevirt.io'
const validator = 'virtualmachine-validator.kubevirt.io'
const statusValidator = 'kubevirt-crd-status-validator.kubevirt.io'

/** KubeVirt's defaults and rules for VirtualMachines. */
export const virtualMachineAdmission: AdmissionPlugin = {
  name: validator,
  resources: ['virtualmachines.kubevirt.io'],
  mutate(request) {
    const { object, old, subresource } = request
    if (!object || subresource !== '' || object.metadata.deletionTimestamp !== undefined) return
    checkShape(mutator, object, true)
    mutate(request, childOf(object, 'spec'), objectAt(old, 'spec'))
  },
  validate(request) {
    const { operation, object, subresource, warnings } = request
    if (operation === 'DELETE' || !object || object.metadata.deletionTimestamp !== undefined) return
    if (subresource === 'status') return refuse(statusValidator, statusCauses(request))
    if (subresource !== '') return
    const examined = examine(request)
    for (const find of steps) refuse(validator, find(examined))
    if (valueAt(object, 'spec', 'running') !== undefined) {
      warnings.push('spec.running is deprecated, please use spec.runStrategy instead.')
    }
  },
}

function refuse(webhook: string, causes: readonly StatusCause[]): void {
  if (causes.length > 0) throw deniedByKubeVirt(webhook, causes)
}

function mutate({ operation, object, read, list }: AdmissionRequest, spec: JsonObject, old?: JsonObject): void {
  refuse(mutator, matcherCauses(spec, old))
  const { preference } = findTypeAndPreference(spec, object?.metadata.namespace ?? '', read)
  storePreference(spec, preference)
  const template = childOf(spec, 'template')
  fillTemplate(
    childOf(template, 'spec'),
    readMachineSettings(list),
    objectAt(old, 'template', 'spec', 'domain', 'firmware'),
  )
  fillTopology(operation, template, old)
}

const topologyAnnotation = 'kubevirt.io/pci-topology-version'

/** How the guest's slots are laid out, which an update that does not repeat it leaves as it was. */
function fillTopology(operation: AdmissionRequest['operation'], template: JsonObject, old?: JsonObject): void {
  const before = valueAt(old, 'template', 'metadata', 'annotations', topologyAnnotation)
  const type = textAt(template, 'spec', 'domain', 'machine', 'type')
  const layout = operation === 'CREATE' && type.includes('q35') ? 'v3' : before
  if (layout !== undefined) childOf(childOf(template, 'metadata'), 'annotations')[topologyAnnotation] ??= layout
}

/** A machine as its rules look at it. */
interface Examined extends AdmissionRequest {
  settings: MachineSettings
  spec: JsonObject
  sizing: Sizing
  /** Why the template cannot have its type and preference. */
  sizingCauses: readonly StatusCause[]
  /** The template's spec as its instance would be: with type and defaults. */
  machine: JsonObject
}

function examine(request: AdmissionRequest): Examined {
  const { object, read, list } = request
  const settings = readMachineSettings(list)
  const spec = objectAt(object, 'spec') ?? {}
  const template = structuredClone(objectAt(spec, 'template') ?? {})
  const sizing = findTypeAndPreference(spec, object?.metadata.namespace ?? '', read)
  const unsized = sizingCauses(template, sizing)
  const machine = childOf(template, 'spec')
  fillSpec(machine, settings)
  return { ...request, settings, spec, sizing, sizingCauses: unsized, machine }
}

type Step = (examined: Examined) => readonly StatusCause[]

/** What is asked in turn: the first step that finds faults tells them. */
const steps: readonly Step[] = [
  (examined) => examined.sizingCauses,
  ({ machine, sizing }) => requirementCauses(machine, sizing),
  newMachineCauses,
  specCauses,
  namespaceCauses,
  statusCauses,
]

function newMachineCauses({ operation, settings, machine }: Examined): readonly StatusCause[] {
  const causes = new Causes()
  if (operation === 'CREATE') checkDiscontinuedBindings({ field: 'spec', spec: machine, settings, causes })
  return causes.list
}

function specCauses({ settings, spec, machine, user }: Examined): readonly StatusCause[] {
  const causes = new Causes()
  checkMachineMetadata('spec.template.metadata', valueAt(spec, 'template', 'metadata'), { settings, user, causes })
  checkMachineSpec({ field: 'spec.template.spec', spec: machine, settings, causes })
  checkDataVolumeTemplates(spec, machine, causes)
  checkRunStrategy(spec, settings, causes)
  if (settings.liveUpdate) checkGrowth(machine, causes)
  return causes.list
}

const runStrategies = ['Halted', 'Manual', 'Always', 'RerunOnFailure', 'Once']

function checkRunStrategy(spec: JsonObject, settings: MachineSettings, causes: Causes): void {
  const running = valueAt(spec, 'running')
  const runStrategy = valueAt(spec, 'runStrategy')
  if (running !== undefined && runStrategy !== undefined) {
    causes.invalid(
      'spec.running',
      'Running and RunStrategy are mutually exclusive. Note that Running is deprecated, please use RunStrategy instead',
    )
  }
  if (running === undefined && runStrategy === undefined) {
    causes.invalid('spec.running', 'RunStrategy must be specified')
  }
  if (runStrategy === undefined || runStrategies.includes(String(runStrategy))) return
  const refusal = `Invalid RunStrategy (${String(runStrategy)})`
  if (runStrategy !== 'WaitAsReceiver') return causes.invalid('spec.runStrategy', refusal)
  if (settings.has('DecentralizedLiveMigration')) return
  causes.invalid(
    'spec.runStrategy',
    `${refusal}, DecentralizedLiveMigration feature gate is not enabled in kubevirt resource`,
  )
}

/** How far a running machine may grow; asked a second time, as KubeVirt does. */
function checkGrowth(machine: JsonObject, causes: Causes): void {
  const sockets = numberAt(machine, 'domain', 'cpu', 'sockets') ?? 0
  const most = numberAt(machine, 'domain', 'cpu', 'maxSockets') ?? 0
  if (most !== 0 && sockets > most) {
    causes.invalid(
      'spec.template.spec.domain.cpu.sockets',
      'Number of sockets in CPU topology is greater than the maximum sockets allowed',
    )
  }
  const maxGuest = valueAt(machine, 'domain', 'memory', 'maxGuest')
  const problem = maxGuest === undefined ? undefined : memoryGrowthProblem(machine, maxGuest)
  if (problem !== undefined) causes.invalid('spec.template.spec.domain.memory.guest', problem)
}

function namespaceCauses({ object, old }: AdmissionRequest): readonly StatusCause[] {
  const causes = new Causes()
  const before = objectsAt(old, 'spec', 'dataVolumeTemplates')
  if (old && jsonEqual(before, objectsAt(object, 'spec', 'dataVolumeTemplates'))) return []
  checkTemplateNamespaces(objectAt(object, 'spec') ?? {}, object?.metadata.namespace ?? '', causes)
  return causes.list
}

/** What a snapshot or a restore under way, and requests for volumes, forbid. */
function statusCauses({ operation, object, old }: AdmissionRequest): readonly StatusCause[] {
  const status = objectAt(object, 'status')
  const causes = volumeRequestCauses(objectAt(object, 'spec', 'template', 'spec'), status)
  if (causes.any || operation !== 'UPDATE') return causes.list
  const snapshot = textAt(status, 'snapshotInProgress')
  const restore = textAt(status, 'restoreInProgress')
  const changed = (...path: readonly string[]) => !jsonEqual(valueAt(object, ...path), valueAt(old, ...path))
  const runs = changed('spec', 'runStrategy') || changed('spec', 'running')
  if (snapshot !== '' && changed('spec', 'template', 'spec', 'volumes')) {
    causes.notSupported('spec', `Cannot update vm disks or volumes until snapshot "${snapshot}" completes`)
  } else if (snapshot !== '' && runs) {
    causes.notSupported('spec', `Cannot update vm running state until snapshot "${snapshot}" completes`)
  } else if (restore !== '' && runs) {
    causes.notSupported('spec', `Cannot update VM runStrategy until restore "${restore}" completes`)
  }
  return causes.list
}
