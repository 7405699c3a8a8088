import { forbidden } from '../errors/status-error'
import type { AdmissionPlugin } from './admission'

const immortal = new Set(['default', 'kube-system', 'kube-public', 'chiave-system'])

/** The namespaces that a cluster cannot be without are not deleted. */
export const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',
  resources: ['namespaces'],
  validate({ operation, old }) {
    if (operation !== 'DELETE' || !old || !immortal.has(old.metadata.name)) return
    throw forbidden({ group: '', name: 'namespaces' }, old.metadata.name, 'this namespace may not be deleted')
  },
}
