import { eventKind, leaseKind, type Namespace, namespaceKind, podKind } from '@/contract/kinds/core'
import { resourcePath } from '@/contract/kinds/kind'
import { ApiError } from '@/server/cluster/kube-client'
import { type ControllerDefinition, defineController, refOf, watchKind } from '../../runtime/controller'
import { type ConditionState, stateConditions } from '../conditions'
import type { Engine } from '../engine'
import { writeStatus } from '../writes'
import type { ResourceMonitor } from './resource-monitor'

const fieldManager = 'chiave-namespace'
const pollInterval = 500
const contentFinalizer = 'kubernetes'

/** Empties a namespace that is being deleted and lets it go when nothing is left in it. */
export function namespaceController(engine: Engine, monitor: ResourceMonitor): ControllerDefinition {
  const namespaces = engine.informers.of(namespaceKind)
  return defineController({
    name: fieldManager,
    for: namespaceKind,
    // Anything that goes may have been the last; Pods are what usually takes longest.
    watches: [watchKind(podKind, ({ metadata: { namespace } }) => (namespace ? [{ name: namespace }] : []))],
    async reconcile(ref) {
      const namespace = namespaces.get(ref)
      if (!namespace?.metadata.deletionTimestamp) return undefined
      if (!namespace.spec?.finalizers?.includes(contentFinalizer)) return undefined
      const remaining = await empty(engine, { namespace: namespace.metadata.name, monitor })
      if (remaining.resources.size > 0) {
        await report(engine, namespace, remaining)
        return { requeueAfter: pollInterval }
      }
      await finalize(engine, namespace)
      return undefined
    },
  })
}

/** What has not gone yet, counted by resource and by finalizer. */
interface Remaining {
  resources: Map<string, number>
  finalizers: Map<string, number>
}

/** Deletes all there is; resolves with what has not gone yet. */
async function empty(
  { client }: Engine,
  { namespace, monitor }: { namespace: string; monitor: ResourceMonitor },
): Promise<Remaining> {
  const remaining: Remaining = { resources: new Map(), finalizers: new Map() }
  const kinds = [...monitor.resources().map(({ kind }) => kind), eventKind, leaseKind].filter(
    ({ namespaced }) => namespaced,
  )
  for (const kind of kinds) {
    // Asked of the server: what a cache does not show yet must not be left behind.
    const { items } = await client.list(kind, { namespace })
    const waiting = items.filter(({ metadata }) => !metadata.deletionTimestamp)
    for (const object of waiting) await client.delete(kind, refOf(object), { propagationPolicy: 'Background' })
    const left = waiting.length > 0 ? (await client.list(kind, { namespace })).items : items
    if (left.length > 0) remaining.resources.set(`${kind.plural}.${kind.group}`, left.length)
    for (const { metadata } of left) {
      for (const finalizer of metadata.finalizers ?? []) {
        remaining.finalizers.set(finalizer, (remaining.finalizers.get(finalizer) ?? 0) + 1)
      }
    }
  }
  return remaining
}

/** Says what it waits for, in the words of Kubernetes' namespace controller. */
async function report({ client, clock }: Engine, namespace: Namespace, remaining: Remaining): Promise<void> {
  const conditions = stateConditions(namespace.status?.conditions, terminationConditions(remaining), clock.now())
  const status = { phase: 'Terminating' as const, conditions }
  await writeStatus(client, namespaceKind, { object: namespace, status, fieldManager })
}

function terminationConditions({ resources, finalizers }: Remaining): ConditionState[] {
  const list = (counts: Map<string, number>, verb: string) =>
    [...counts]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, count]) => `${name} ${verb} ${count} resource instances`)
      .join(', ')
  return [
    {
      type: 'NamespaceDeletionDiscoveryFailure',
      status: 'False',
      reason: 'ResourcesDiscovered',
      message: 'All resources successfully discovered',
    },
    {
      type: 'NamespaceDeletionGroupVersionParsingFailure',
      status: 'False',
      reason: 'ParsedGroupVersions',
      message: 'All legacy kube types successfully parsed',
    },
    {
      type: 'NamespaceDeletionContentFailure',
      status: 'False',
      reason: 'ContentDeleted',
      message: 'All content successfully deleted, may be waiting on finalization',
    },
    {
      type: 'NamespaceContentRemaining',
      status: 'True',
      reason: 'SomeResourcesRemain',
      message: `Some resources are remaining: ${list(resources, 'has')}`,
    },
    finalizers.size > 0
      ? {
          type: 'NamespaceFinalizersRemaining',
          status: 'True',
          reason: 'SomeFinalizersRemain',
          message: `Some content in the namespace has finalizers remaining: ${list(finalizers, 'in')}`,
        }
      : {
          type: 'NamespaceFinalizersRemaining',
          status: 'False',
          reason: 'ContentHasNoFinalizers',
          message: 'All content-preserving finalizers finished',
        },
  ]
}

async function finalize({ client }: Engine, namespace: Namespace): Promise<void> {
  const finalizers = (namespace.spec?.finalizers ?? []).filter((finalizer) => finalizer !== contentFinalizer)
  const path = resourcePath(namespaceKind, { name: namespace.metadata.name, subresource: 'finalize' })
  const { resourceVersion: _seen, ...metadata } = namespace.metadata
  try {
    await client.raw('PUT', path, { ...namespace, metadata, spec: { finalizers } })
  } catch (error) {
    if (!(error instanceof ApiError && error.code === 404)) throw error
  }
}
