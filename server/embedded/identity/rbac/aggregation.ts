import { jsonEqual } from '@/contract/json'
import { type ClusterRole, clusterRoleKind, type PolicyRule } from '@/contract/kinds/rbac'
import type { ApiContext } from '../../api-context'
import { builtInTarget, serverWrite, unlessGone } from '../../lifecycle/bootstrap'
import { meetsLabelSelector } from '../../query/label-selector'
import { parseObject } from '../../storage/log-entry'
import { decideUpdate } from '../../write/update-object'
import { clusterRoles } from './role-index'

export interface Aggregation {
  /** Resolves when every aggregated role is what its selectors make of it. */
  settled(): Promise<void>
  stop(): void
}

/**
 * Keeps the rules of cluster roles with an aggregationRule the union of those they select (RBAC documentation,
 * "Aggregated ClusterRoles"). Looks at all of them after any change, until nothing is left to do.
 */
export function aggregateRoles(api: ApiContext): Aggregation {
  let dirty = true
  let stopped = false
  let running: Promise<void> | undefined

  async function work(): Promise<void> {
    while (dirty && !stopped) {
      dirty = false
      const all = readRoles(api)
      await Promise.all(
        all.map(async (role) => {
          const rules = aggregated(role, all)
          if (rules && !jsonEqual(rules, role.rules ?? [])) await writeRules(api, role.metadata.name, rules)
        }),
      )
    }
  }

  function start(): Promise<void> {
    running ??= work()
      .catch((error: unknown) => {
        if (!stopped) api.log.error({ err: error }, 'cannot aggregate cluster roles')
      })
      .finally(() => {
        running = undefined
      })
    return running
  }

  const unfollow = api.store.onCommit((entries) => {
    if (!entries.some(({ resource }) => resource === clusterRoles)) return
    dirty = true
    void start()
  })
  return {
    settled: start,
    stop: () => {
      stopped = true
      unfollow()
    },
  }
}

function readRoles({ store }: ApiContext): ClusterRole[] {
  return store.snapshot({ resource: clusterRoles }).flatMap(({ revision }) => {
    const entry = store.entry(revision)
    // Stored cluster roles were checked by their strategy.
    return entry ? [parseObject(entry.body) as unknown as ClusterRole] : []
  })
}

/** The rules that a role's selectors make; undefined for a role that has none. */
function aggregated({ metadata, aggregationRule }: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] | undefined {
  if (!aggregationRule) return undefined
  const rules: PolicyRule[] = []
  const seen = new Set<string>()
  for (const selector of aggregationRule.clusterRoleSelectors ?? []) {
    for (const other of all) {
      if (other.metadata.name === metadata.name || !meetsLabelSelector(selector, other.metadata.labels)) continue
      for (const rule of other.rules ?? []) {
        const key = JSON.stringify(rule)
        if (!seen.has(key)) rules.push(rule)
        seen.add(key)
      }
    }
  }
  return rules
}

function writeRules(api: ApiContext, name: string, rules: PolicyRule[]): Promise<void> {
  return unlessGone(
    api.store.write((revision) =>
      decideUpdate(
        serverWrite(api, builtInTarget(api, clusterRoleKind)),
        {
          key: { resource: clusterRoles, namespace: '', name },
          subresource: '',
          mustNameVersion: false,
          produce: (old) => ({ ...old, rules }),
        },
        revision,
      ),
    ),
  )
}
