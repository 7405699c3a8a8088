import { endpointSliceKind, endpointsKind, serviceKind } from '@/contract/kinds/network'
import { apiServerClusterIp } from '../admission/service-addresses'
import type { ApiContext } from '../api-context'
import type { ApiObject } from '../api-object'
import { StatusError } from '../errors/status-error'
import { decideUpdate } from '../write/update-object'
import { builtInTarget, ensureObject, serverWrite } from './bootstrap'

/** Where the API server is reached from outside this host: an IPv4 address. */
export interface ReachableAddress {
  ip: string
  port: number
}

const place = { namespace: 'default', name: 'kubernetes' }

/**
 * Keeps the Service `kubernetes` that every cluster has, with its Endpoints and EndpointSlice, as kube-apiserver does:
 * brought at the start, and again when somebody deletes or changes them. Without an address nothing is behind the
 * Service. Returns what stops it.
 */
export async function keepKubernetesService(
  api: ApiContext,
  address: ReachableAddress | undefined,
): Promise<() => void> {
  if (!api.registry.byName('services')) return () => undefined
  const keep = (): Promise<void> => bring(api, address)
  await keep()
  return api.store.onCommit((entries) => {
    const ours = entries.some(
      ({ resource, namespace, name }) => kept.has(resource) && namespace === place.namespace && name === place.name,
    )
    if (!ours) return
    keep().catch((error: unknown) => {
      if (error instanceof StatusError && (error.code === 404 || error.code === 409)) return
      api.log.error({ err: error }, 'cannot keep the Service kubernetes')
    })
  })
}

const kept = new Set(['services', 'endpoints', 'endpointslices.discovery.k8s.io'])

async function bring(api: ApiContext, address: ReachableAddress | undefined): Promise<void> {
  await ensureObject(api, serviceKind, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...place, labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: {
      clusterIP: apiServerClusterIp,
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: address?.port ?? 6443 }],
    },
  })
  const port = { name: 'https', port: address?.port, protocol: 'TCP' }
  await ensureAs(api, endpointsKind, {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { ...place, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    ...(address ? { subsets: [{ addresses: [{ ip: address.ip }], ports: [port] }] } : {}),
  })
  await ensureAs(api, endpointSliceKind, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...place, labels: { 'kubernetes.io/service-name': place.name } },
    addressType: 'IPv4',
    endpoints: address ? [{ addresses: [address.ip], conditions: { ready: true } }] : [],
    ports: address ? [port] : [],
  })
}

/** Creates an object, or brings its fields to what they should be; a write that changes nothing is none. */
async function ensureAs(
  api: ApiContext,
  kind: typeof endpointsKind | typeof endpointSliceKind,
  object: ApiObject,
): Promise<void> {
  await ensureObject(api, kind, object)
  const target = builtInTarget(api, kind)
  const key = { resource: kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`, ...place }
  await api.store.write((revision) =>
    decideUpdate(
      serverWrite(api, target),
      {
        key,
        subresource: '',
        mustNameVersion: false,
        produce: ({ metadata }) => ({
          ...object,
          metadata: { ...metadata, labels: { ...metadata.labels, ...object.metadata.labels } },
        }),
      },
      revision,
    ),
  )
}
