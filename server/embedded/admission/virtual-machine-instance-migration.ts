import { jsonEqual } from '@/contract/json'
import type { StatusCause } from '@/contract/kube-object'
import type { AdmissionPlugin, AdmissionRequest } from './admission'
import { deniedByKubeVirt, failedInWebhook } from './causes'
import { objectAt, objectsAt, textAt, valueAt } from './machine-fields'
import { isPlatformUser } from './machine-metadata'
import { readMachineSettings } from './machine-settings'

const creator = 'migration-create-validator.kubevirt.io'
const updater = 'migration-update-validator.kubevirt.io'
const finalizer = 'kubevirt.io/migrationJobFinalize'
const instanceLabel = 'kubevirt.io/vmi-name'

/** KubeVirt's defaults and rules for VirtualMachineInstanceMigrations. */
export const virtualMachineInstanceMigrationAdmission: AdmissionPlugin = {
  name: creator,
  resources: ['virtualmachineinstancemigrations.kubevirt.io'],
  mutate({ operation, object }) {
    if (operation !== 'CREATE' || !object) return
    const { metadata } = object
    metadata.labels = { ...metadata.labels, [instanceLabel]: textAt(object, 'spec', 'vmiName') }
    if (!metadata.finalizers?.includes(finalizer)) metadata.finalizers = [...(metadata.finalizers ?? []), finalizer]
  },
  validate(request) {
    if (request.operation === 'CREATE') checkNew(request)
    if (request.operation === 'UPDATE' && request.subresource === '') checkUpdate(request)
  },
}

function deny(webhook: string, cause: StatusCause): never {
  throw deniedByKubeVirt(webhook, [cause])
}

function checkNew(request: AdmissionRequest): void {
  const { object, user, read } = request
  const name = textAt(object, 'spec', 'vmiName')
  const namespace = object?.metadata.namespace ?? ''
  if (name === '') deny(creator, { reason: 'FieldValueRequired', message: 'vmiName is missing', field: 'spec.vmiName' })
  if (valueAt(object, 'spec', 'priority') !== undefined && !isPlatformUser(user)) {
    const message = 'Migration priority queue, only virt-controller is allowed to set priority field'
    deny(creator, { reason: 'FieldValueForbidden', message, field: 'spec.migrationPriority' })
  }
  const instance = read({ resource: 'virtualmachineinstances.kubevirt.io', namespace, name })
  if (!instance) throw failedInWebhook(creator, `the VMI "${namespace}/${name}" does not exist`)
  if (['Succeeded', 'Failed'].includes(textAt(instance, 'status', 'phase'))) {
    throw failedInWebhook(creator, 'Cannot migrate VMI in finalized state.')
  }
  const hindrance = objectsAt(instance, 'status', 'conditions').find(
    ({ type, status }) => type === 'LiveMigratable' && status === 'False',
  )
  if (hindrance) {
    const why = `Reason: ${textAt(hindrance, 'reason')}, Message: ${textAt(hindrance, 'message')}`
    throw failedInWebhook(creator, `Cannot migrate VMI, ${why}`)
  }
  checkNoOther(request, { namespace, name })
  checkDecentralized(request)
}

function checkNoOther({ list }: AdmissionRequest, { namespace, name }: { namespace: string; name: string }): void {
  const active = list('virtualmachineinstancemigrations.kubevirt.io', namespace).find(
    (migration) =>
      migration.metadata.labels?.[instanceLabel] === name &&
      !['Succeeded', 'Failed'].includes(textAt(migration, 'status', 'phase')),
  )
  if (!active) return
  const uid = active.metadata.uid ?? ''
  throw failedInWebhook(
    creator,
    `in-flight migration detected. Active migration job (${uid}) is currently already in progress for VMI ${name}.`,
  )
}

function checkDecentralized({ object, list }: AdmissionRequest): void {
  const [send, receive] = [objectAt(object, 'spec', 'sendTo'), objectAt(object, 'spec', 'receive')]
  if (!send && !receive) return
  if (!readMachineSettings(list).has('DecentralizedLiveMigration')) {
    const message = 'DecentralizedLiveMigration feature gate is not enabled in kubevirt resource'
    deny(creator, { reason: 'FieldValueNotSupported', message })
  }
  if (!send || !receive || send['migrationID'] === receive['migrationID']) return
  const message = `sendTo migrationID ${textAt(send, 'migrationID')} does not match receive migrationID ${textAt(receive, 'migrationID')}`
  deny(creator, { reason: 'FieldValueInvalid', message })
}

function checkUpdate({ object, old }: AdmissionRequest): void {
  if (!jsonEqual(valueAt(object, 'spec'), valueAt(old, 'spec'))) {
    deny(updater, { reason: 'FieldValueNotSupported', message: "update of Migration object's spec is restricted" })
  }
  const before = old?.metadata.labels?.[instanceLabel]
  if (before === undefined || ['Succeeded', 'Failed'].includes(textAt(object, 'status', 'phase'))) return
  const labels = object?.metadata.labels
  if (labels?.[instanceLabel] === before) return
  const what = labels === undefined ? 'removed from' : 'modified on'
  deny(updater, {
    reason: 'FieldValueNotSupported',
    message: `selector label can't be ${what} an in-flight migration`,
  })
}
