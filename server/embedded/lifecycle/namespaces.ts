import { configMapKind, serviceAccountKind } from '@/contract/kinds/core'
import type { ApiContext } from '../api-context'
import { StatusError } from '../errors/status-error'
import { ensureObject } from './bootstrap'

/**
 * Gives every namespace what clients expect in it: the instance's certificate authority in `kube-root-ca.crt` and the
 * `default` service account, also again. Returns what stops it.
 */
export function furnishNamespaces(api: ApiContext, caCertificate: string | undefined): () => void {
  const furnish = (namespace: string): void => {
    furnishNamespace(api, namespace, caCertificate).catch((error: unknown) => {
      // Deleted again meanwhile: nothing to furnish.
      if (error instanceof StatusError && (error.code === 404 || error.code === 403)) return
      api.log.error({ err: error, namespace }, 'cannot furnish a new namespace')
    })
  }
  for (const { name } of api.store.snapshot({ resource: 'namespaces' })) furnish(name)
  return api.store.onCommit((entries) => {
    for (const { resource, type, namespace, name } of entries) {
      if (resource === 'namespaces' && type === 'create') furnish(name)
      if (type === 'delete' && furniture[resource] === name) furnish(namespace)
    }
  })
}

/** What comes back when it is deleted, by resource. */
const furniture: Readonly<Record<string, string>> = { serviceaccounts: 'default', configmaps: 'kube-root-ca.crt' }

async function furnishNamespace(api: ApiContext, namespace: string, caCertificate: string | undefined): Promise<void> {
  await ensureObject(api, serviceAccountKind, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace },
  })
  if (caCertificate === undefined) return
  await ensureObject(api, configMapKind, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'kube-root-ca.crt',
      namespace,
      annotations: {
        'kubernetes.io/description':
          'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
      },
    },
    data: { 'ca.crt': caCertificate },
  })
}
