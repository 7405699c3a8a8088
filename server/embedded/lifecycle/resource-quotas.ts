import { formatCanonical, noQuantity } from '@/contract/canonical-quantity'
import { isJsonObject, jsonEqual } from '@/contract/json'
import { resourceQuotaKind } from '@/contract/kinds/policy'
import type { ApiContext } from '../api-context'
import type { ApiObject } from '../api-object'
import type { NamespaceUsage } from '../quota/namespace-usage'
import { scopesOf } from '../quota/scopes'
import { readResourceList } from '../quota/usage'
import { resourceName } from '../registry/served-resource'
import { decideUpdate } from '../write/update-object'
import { builtInTarget, serverWrite, unlessGone } from './bootstrap'

const quotas = resourceName(resourceQuotaKind)

/** How long changes are gathered before they are counted, in milliseconds. */
const gathering = 20

/**
 * Keeps `status.hard` and `status.used` of every ResourceQuota what they are: counted anew after changes in its
 * namespace, whatever they were. Returns what stops it.
 */
export function keepQuotas(api: ApiContext, usage: NamespaceUsage): () => void {
  const touched = new Set<string>()
  let timer: NodeJS.Timeout | undefined

  const count = async (): Promise<void> => {
    const namespaces = [...touched]
    touched.clear()
    for (const namespace of namespaces) {
      for (const { name } of api.store.snapshot({ resource: quotas, namespace })) {
        await writeUsage(api, usage, { namespace, name })
      }
    }
  }
  const run = (): void => {
    timer = undefined
    count().catch((error: unknown) => api.log.error({ err: error }, 'cannot write the usage of quotas'))
  }
  const touch = (namespace: string): void => {
    touched.add(namespace)
    timer ??= setTimeout(run, gathering)
    timer.unref()
  }

  const limited = new Set<string>()
  for (const { namespace } of api.store.snapshot({ resource: quotas })) {
    limited.add(namespace)
    touch(namespace)
  }
  const unsubscribe = api.store.onCommit((entries) => {
    for (const { resource, namespace } of entries) {
      if (resource === quotas) limited.add(namespace)
      if (limited.has(namespace)) touch(namespace)
    }
  })
  return () => {
    unsubscribe()
    clearTimeout(timer)
  }
}

function writeUsage(
  api: ApiContext,
  usage: NamespaceUsage,
  { namespace, name }: { namespace: string; name: string },
): Promise<void> {
  const context = serverWrite(api, builtInTarget(api, resourceQuotaKind))
  return unlessGone(
    api.store.write((revision) =>
      decideUpdate(
        context,
        {
          key: { resource: quotas, namespace, name },
          subresource: 'status',
          produce: (quota) => counted(quota, usage),
          mustNameVersion: false,
        },
        revision,
      ),
    ),
  )
}

function counted(quota: ApiObject, usage: NamespaceUsage): ApiObject {
  const spec = isJsonObject(quota['spec']) ? quota['spec'] : {}
  const hard = readResourceList(spec['hard'])
  const names = [...hard.keys()].sort()
  const used = usage.of(quota.metadata.namespace ?? '', names, scopesOf(spec))
  const print = (list: typeof hard) =>
    Object.fromEntries(names.map((name) => [name, formatCanonical(list.get(name) ?? noQuantity)]))
  const status = { hard: print(hard), used: print(used) }
  return jsonEqual(quota['status'], status) ? quota : { ...quota, status }
}
