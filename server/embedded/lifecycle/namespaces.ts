import { part } from '@/contract/json'
import { configMapKind, namespaceKind, serviceAccountKind } from '@/contract/kinds/core'
import type { ApiContext } from '../api-context'
import type { ApiObject } from '../api-object'
import { StatusError } from '../errors/status-error'
import { decideUpdate } from '../write/update-object'
import { reader } from '../write/write-context'
import { builtInTarget, ensureObject, serverWrite } from './bootstrap'

/** What every cluster has, and our own. */
const firstNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease', 'chiave-system']

/** Brings the namespaces that there always are, also again. Returns what stops it. */
export async function keepFirstNamespaces(api: ApiContext): Promise<() => void> {
  const bring = (name: string) =>
    ensureObject(api, namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  for (const name of firstNamespaces) await bring(name)
  return api.store.onCommit((entries) => {
    for (const { resource, type, name } of entries) {
      if (resource !== 'namespaces' || type !== 'delete' || !firstNamespaces.includes(name)) continue
      bring(name).catch((error: unknown) => api.log.error({ err: error, name }, 'cannot bring a namespace back'))
    }
  })
}

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
      // What is in place already is not written again.
      if (type !== 'create' && furniture[resource] === name) furnish(namespace)
    }
  })
}

/** What comes back when it is deleted or changed, by resource. */
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
  await correctAuthority(api, namespace, caCertificate)
}

/** The authority may have been renewed, or somebody may have changed what everybody trusts. */
async function correctAuthority(api: ApiContext, namespace: string, caCertificate: string): Promise<void> {
  const key = { resource: 'configmaps', namespace, name: 'kube-root-ca.crt' }
  const stored = reader(api)(key)
  if (!stored || part(stored, 'data')['ca.crt'] === caCertificate) return
  const context = serverWrite(api, builtInTarget(api, configMapKind))
  const produce = (old: ApiObject): ApiObject => ({ ...old, data: { 'ca.crt': caCertificate } })
  await api.store.write((revision) =>
    decideUpdate(context, { key, subresource: '', mustNameVersion: false, produce }, revision),
  )
}
