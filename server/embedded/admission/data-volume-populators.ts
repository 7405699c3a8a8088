import { type JsonObject, jsonEqual } from '@/contract/json'
import type { StatusCause } from '@/contract/kube-object'
import type { AdmissionPlugin, AdmissionRequest } from './admission'
import { deniedByCdi, failedInWebhook } from './causes'
import { checkSourceKinds, fail, sourceFault } from './data-volume-source'
import { contentFault, contentTypeFault, nameFault } from './data-volume-spec'
import { objectAt, objectsAt, textAt, valueAt } from './machine-fields'

const webhook = 'populator-validate.cdi.kubevirt.io'
const transferWebhook = 'objecttransfer-validate.cdi.kubevirt.io'
const cdiWebhook = 'cdi-validate.cdi.kubevirt.io'
const labelLimit = 63

/** CDI's rules for the sources that claims are filled from. */
export const populatorAdmission: AdmissionPlugin = {
  name: webhook,
  resources: ['volumeimportsources.cdi.kubevirt.io', 'volumeuploadsources.cdi.kubevirt.io'],
  validate({ operation, object, old, resource, subresource }) {
    if (operation === 'DELETE' || !object || subresource !== '') return
    const isImport = resource.plural === 'volumeimportsources'
    const spec = objectAt(object, 'spec') ?? {}
    const before = objectAt(old, 'spec') ?? {}
    if (operation === 'UPDATE' && !isSame(spec, before, isImport)) {
      const kind = isImport ? 'VolumeImportSource' : 'VolumeUploadSource'
      throw deniedByCdi(webhook, [
        { reason: 'FieldValueDuplicate', message: `Cannot update ${kind} Spec`, field: `${kind}.Spec` },
      ])
    }
    const fault =
      nameFault(object.metadata.name, labelLimit) ??
      contentTypeFault('spec', textAt(spec, 'contentType')) ??
      (isImport ? importFault(spec) : undefined)
    if (fault) throw deniedByCdi(webhook, Array.isArray(fault) ? fault : [fault])
  },
}

function isStaged(spec: JsonObject): boolean {
  const staged = objectAt(spec, 'source', 'vddk') ?? objectAt(spec, 'source', 'imageio')
  return staged !== undefined && objectsAt(spec, 'checkpoints').length > 0
}

function isSame(spec: JsonObject, old: JsonObject, isImport: boolean): boolean {
  if (!isImport || !isStaged(spec)) return jsonEqual(spec, old)
  const rest = ({ checkpoints: _checkpoints, finalCheckpoint: _final, ...others }: JsonObject) => others
  return jsonEqual(rest(spec), rest(old))
}

function importFault(spec: JsonObject): StatusCause | StatusCause[] | undefined {
  const source = objectAt(spec, 'source') ?? {}
  const count = checkSourceKinds('spec', source, 'VolumeImport')
  if (count) return count
  if (isStaged(spec) && textAt(spec, 'targetClaim') === '') {
    return fail('spec.targetClaim', 'Unable to do multi-stage import without specifying a target claim')
  }
  return sourceFault('spec', source) ?? contentFault('spec', { source, contentType: textAt(spec, 'contentType') })
}

/** CDI's rules for ObjectTransfers, which it says are going. */
export const objectTransferAdmission: AdmissionPlugin = {
  name: transferWebhook,
  resources: ['objecttransfers.cdi.kubevirt.io'],
  validate(request) {
    const { operation, object, old, subresource, warnings } = request
    if (operation === 'DELETE' || !object || subresource !== '') return
    if (operation === 'UPDATE') {
      if (jsonEqual(valueAt(object, 'spec'), valueAt(old, 'spec'))) return
      throw failedInWebhook(transferWebhook, 'ObjectTransfer spec is immutable')
    }
    checkTransfer(request)
    warnings.push('ObjectTransfer feature is deprecated, and will be deleted soon')
  },
}

const transferable: Readonly<Record<string, string>> = {
  DataVolume: 'datavolumes.cdi.kubevirt.io',
  PersistentVolumeClaim: 'persistentvolumeclaims',
}

function checkTransfer({ object, read }: AdmissionRequest): void {
  const source = objectAt(object, 'spec', 'source')
  const target = objectAt(object, 'spec', 'target') ?? {}
  if (valueAt(target, 'namespace') === undefined && valueAt(target, 'name') === undefined) {
    throw failedInWebhook(transferWebhook, 'Target namespace and/or target name must be supplied')
  }
  const namespace = textAt(target, 'namespace') || textAt(source, 'namespace')
  const name = textAt(target, 'name') || textAt(source, 'name')
  const kind = textAt(source, 'kind')
  const resource = transferable[kind]
  if (resource === undefined) throw failedInWebhook(transferWebhook, `Unsupported kind "${kind}"`)
  if (!read({ resource, namespace, name })) return
  throw failedInWebhook(transferWebhook, `ObjectTransfer target "${namespace}/${name}" already exists`)
}

/** CDI itself stays where its resource says so, as long as there are data volumes. */
export const cdiAdmission: AdmissionPlugin = {
  name: cdiWebhook,
  resources: ['cdis.cdi.kubevirt.io'],
  validate({ operation, old, list }) {
    if (operation !== 'DELETE' || ['', 'Error'].includes(textAt(old, 'status', 'phase'))) return
    if (textAt(old, 'spec', 'uninstallStrategy') !== 'BlockUninstallIfWorkloadsExist') return
    const volumes = list('datavolumes.cdi.kubevirt.io').filter(
      ({ metadata }) => metadata.labels?.['cdi.kubevirt.io/dataImportCron'] === undefined,
    )
    if (volumes.length === 0) return
    // At most two are counted.
    const count = Math.min(volumes.length, 2)
    throw failedInWebhook(
      cdiWebhook,
      `rejecting the uninstall request, since there are still ${count} DataVolumes present. Either delete all DataVolumes or change the uninstall strategy before uninstalling CDI`,
    )
  },
}
