import { isJsonObject } from '@/contract/json'
import { forbidden } from '../errors/status-error'
import { groupResource } from '../registry/served-resource'
import type { AdmissionPlugin } from './admission'

/** A pod runs as a service account of its namespace: as `default` unless it names one, and only as one that is there. */
export const serviceAccountAdmission: AdmissionPlugin = {
  name: 'ServiceAccount',
  resources: ['pods'],
  mutate({ operation, subresource, object }) {
    const spec = object?.['spec']
    if (operation !== 'CREATE' || subresource !== '' || !isJsonObject(spec)) return
    const name = spec['serviceAccountName'] || spec['serviceAccount'] || 'default'
    spec['serviceAccountName'] = name
    // Its older name, which clients still read.
    spec['serviceAccount'] = name
  },
  validate({ operation, subresource, object, resource, read }) {
    const spec = object?.['spec']
    if (operation !== 'CREATE' || subresource !== '' || !object || !isJsonObject(spec)) return
    const { namespace = '' } = object.metadata
    const name = String(spec['serviceAccountName'])
    if (read({ resource: 'serviceaccounts', namespace, name })) return
    const why = `error looking up service account ${namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`
    throw forbidden(groupResource(resource), object.metadata.name, why)
  },
}
