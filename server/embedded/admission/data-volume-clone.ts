import type { JsonObject } from '@/contract/json'
import type { AdmissionRequest } from './admission'
import { deniedByCdi, failedInWebhook } from './causes'
import { objectAt, textAt } from './machine-fields'

const webhook = 'datavolume-mutate.cdi.kubevirt.io'

interface CloneSource {
  kind: 'pvc' | 'snapshot'
  namespace: string
  name: string
}

/**
 * Whether who makes a data volume may copy what it is to be made of: in another namespace that takes the permission to
 * create `datavolumes/source` there, or pods, which could read the data anyway.
 */
export function authorizeClone(request: AdmissionRequest): void {
  const { object, read, user, authorize } = request
  if (!object) return
  const annotations = object.metadata.annotations ?? {}
  const isPopulated = ['storage.prePopulated', 'storage.checkStaticVolume'].some((name) =>
    Object.hasOwn(annotations, `cdi.kubevirt.io/${name}`),
  )
  const source = findSource(request, isPopulated)
  if (!source) return
  const own = object.metadata.namespace ?? ''
  const namespace = source.namespace || own
  if (!read({ resource: 'namespaces', namespace: '', name: namespace })) {
    if (isPopulated) return
    throw failedInWebhook(webhook, `namespaces "${namespace}" not found`)
  }
  if (namespace === own || isPopulated || !authorize) return
  const may = (group: string, resource: string, subresource: string) =>
    authorize({ verb: 'create', group, resource, subresource, namespace, name: source.name })
  const allowed = may('cdi.kubevirt.io', 'datavolumes', 'source') || may('', 'pods', '')
  if (allowed) return
  const message = `User ${user.name} has insufficient permissions in clone source namespace ${namespace}`
  throw deniedByCdi(webhook, [{ reason: 'FieldValueInvalid', message, field: 'spec.source.PVC.namespace' }])
}

/** What is copied; undefined when nothing is. */
function findSource({ object, read }: AdmissionRequest, isPopulated: boolean): CloneSource | undefined {
  const spec = objectAt(object, 'spec')
  const source = objectAt(spec, 'source')
  if (source) return cloneSourceIn(source)
  const reference = objectAt(spec, 'sourceRef')
  if (textAt(reference, 'kind') !== 'DataSource') return undefined
  const namespace = textAt(reference, 'namespace') || (object?.metadata.namespace ?? '')
  const name = textAt(reference, 'name')
  const found = read({ resource: 'datasources.cdi.kubevirt.io', namespace, name })
  if (!found) {
    if (isPopulated) return undefined
    throw failedInWebhook(webhook, `datasources.cdi.kubevirt.io "${name}" not found`)
  }
  // A reference to another data source has been followed by who wrote the status.
  const chained = objectAt(found, 'spec', 'source', 'dataSource') !== undefined
  return cloneSourceIn(objectAt(found, chained ? 'status' : 'spec', 'source') ?? {})
}

function cloneSourceIn(source: JsonObject): CloneSource | undefined {
  for (const kind of ['pvc', 'snapshot'] as const) {
    const from = objectAt(source, kind)
    if (from) return { kind, namespace: textAt(from, 'namespace'), name: textAt(from, 'name') }
  }
  return undefined
}
