import { isJsonObject, type JsonObject, jsonEqual } from '@/contract/json'
import { deniedByWebhook } from '../errors/status-error'
import type { AdmissionPlugin } from './admission'
import { Causes } from './causes'

const webhook = 'datavolume-validate.cdi.kubevirt.io'

/** CDI's rules for DataVolumes. */
export const dataVolumeAdmission: AdmissionPlugin = {
  name: webhook,
  resources: ['datavolumes.cdi.kubevirt.io'],
  validate({ operation, object, old, subresource }) {
    if (!object || operation === 'DELETE' || subresource !== '' || object.metadata.deletionTimestamp !== undefined)
      return
    const spec = isJsonObject(object['spec']) ? object['spec'] : {}
    const causes = new Causes()
    if (operation === 'UPDATE') {
      if (!jsonEqual(spec, old?.['spec'])) {
        causes.list.push({
          reason: 'FieldValueDuplicate',
          message: 'Cannot update DataVolume Spec',
          field: 'DataVolume.Spec',
        })
      }
    } else checkSpec(spec, causes)
    if (causes.list.length > 0) throw deniedByWebhook(webhook, causes.list)
  },
}

function checkSpec(spec: JsonObject, causes: Causes): void {
  const { pvc, storage } = spec
  if (pvc === undefined && storage === undefined) return causes.invalid('spec.PVC', 'Missing Data volume PVC')
  if (pvc !== undefined && storage !== undefined) {
    return causes.invalid(
      'spec.PVC.Storage',
      'Duplicate storage definition, both target storage and target pvc defined',
    )
  }
  if (isJsonObject(pvc) && !checkClaim(pvc, causes)) return
  if (isJsonObject(storage) && !checkSize(storage, { name: 'Storage', optional: sizeIsOptional(spec), causes })) return
  if (!checkSource(spec, isJsonObject(pvc) ? pvc : isJsonObject(storage) ? storage : {}, causes)) return
  const { contentType } = spec
  if (typeof contentType === 'string' && !['', 'kubevirt', 'archive'].includes(contentType)) {
    causes.invalid('spec.contentType', 'ContentType not one of: kubevirt, archive')
  }
}

/** Clones take their size from what they are made of. */
function sizeIsOptional(spec: JsonObject): boolean {
  const source = isJsonObject(spec['source']) ? spec['source'] : {}
  return spec['sourceRef'] !== undefined || source['pvc'] !== undefined || source['snapshot'] !== undefined
}

function checkClaim(claim: JsonObject, causes: Causes): boolean {
  if (!checkSize(claim, { name: 'PVC', optional: false, causes })) return false
  const modes = Array.isArray(claim['accessModes']) ? claim['accessModes'] : []
  if (modes.length === 0) {
    causes.invalid('spec.PVC.accessModes', 'Required value: at least 1 access mode is required')
    return false
  }
  if (modes.length > 1) {
    causes.invalid('spec.PVC.accessModes', 'PVC multiple accessModes')
    return false
  }
  return true
}

function checkSize(
  claim: JsonObject,
  { name, optional, causes }: { name: 'PVC' | 'Storage'; optional: boolean; causes: Causes },
): boolean {
  const resources = isJsonObject(claim['resources']) ? claim['resources'] : {}
  const requests = isJsonObject(resources['requests']) ? resources['requests'] : {}
  const size = requests['storage']
  const field = `spec.${name}.resources.requests.size`
  if (size === undefined) {
    if (optional) return true
    causes.invalid(field, `${name} size is missing`)
    return false
  }
  if (/^(-|0+(\.0*)?[A-Za-z]*$)/.test(String(size))) {
    causes.invalid(field, `${name} size can't be equal or less than zero`)
    return false
  }
  return true
}

/** Exactly one source, a reference to one, or neither where the claim itself names a populator. */
function checkSource(spec: JsonObject, claim: JsonObject, causes: Causes): boolean {
  const { source, sourceRef } = spec
  const populated = claim['dataSourceRef'] !== undefined || claim['dataSource'] !== undefined
  if (source === undefined && sourceRef === undefined && populated) return true
  if ((source === undefined) === (sourceRef === undefined)) {
    causes.invalid('spec.source', 'Data volume should have either Source or SourceRef, or be externally populated')
    return false
  }
  if (!isJsonObject(source)) return true
  const kinds = Object.keys(source).filter((kind) => source[kind] !== undefined && source[kind] !== null)
  if (kinds.length === 0) {
    causes.invalid('spec.source', 'Missing Data volume source')
    return false
  }
  if (kinds.length > 1) {
    causes.invalid('spec.source', 'Multiple Data volume sources')
    return false
  }
  return checkUrl(kinds[0] ?? '', source, causes)
}

const fieldNames: Readonly<Record<string, string>> = { http: 'HTTP', s3: 'S3', imageio: 'Imageio', vddk: 'VDDK' }

function checkUrl(kind: string, source: JsonObject, causes: Causes): boolean {
  const name = fieldNames[kind]
  const details = source[kind]
  if (name === undefined || !isJsonObject(details)) return true
  const url = typeof details['url'] === 'string' ? details['url'] : ''
  const problem = urlProblem(url)
  if (problem === undefined) return true
  causes.invalid(`spec.source.${name}.url`, `spec.source ${problem}`)
  return false
}

function urlProblem(url: string): string | undefined {
  if (url === '') return 'source URL is empty'
  if (!URL.canParse(url)) return `Invalid source URL: ${url}`
  return /^https?:/i.test(url) ? undefined : `Invalid source URL scheme: ${url}`
}
