import { type CustomResourceDefinition, customResourceDefinitionKind } from '@/contract/kinds/core'
import { defineKind, type Kind } from '@/contract/kinds/kind'
import { type Platform, platformKind, platformName } from '@/contract/kinds/platform-chiave'
import type { Clock } from '@/server/cluster/clock'
import { ApiError, type KubeClient } from '@/server/cluster/kube-client'
import { type ControllerDefinition, defineController, watchKind } from '../runtime/controller'
import type { Informers } from '../runtime/manager'
import { type CatalogComponent, componentCatalog } from './component-catalog'
import { decideStatus, type Finding, type StateObject } from './decide'

export interface PlatformControllerOptions {
  client: KubeClient
  informers: Informers
  clock: Clock
  /** The operator's own version. */
  version: string
}

export const platformControllerName = 'chiave-platform'

/** The components' own objects are read this often; what is installed or removed is noticed at once. Milliseconds. */
const lookAgainMs = 30_000

const watched = new Set(componentCatalog.map(({ definition }) => definition))

/** Keeps the one Platform object and reports in it what the platform is made of and how its parts do. */
export function platformController(options: PlatformControllerOptions): ControllerDefinition {
  const { client, informers, clock, version } = options
  const definitions = informers.of(customResourceDefinitionKind)

  async function find(part: CatalogComponent): Promise<[string, Finding]> {
    const definition = definitions.get({ name: part.definition })
    const kind = definition && kindOf(definition)
    if (!kind) return [part.name, { present: false }]
    if (!part.reports) return [part.name, { present: true }]
    try {
      const { items } = await client.list(kind, { limit: 5 })
      return [part.name, { present: true, objects: items }]
    } catch (error) {
      // One component that cannot be read must not keep the others from being reported.
      if (!(error instanceof ApiError)) throw error
      return [part.name, error.code === 404 ? { present: false } : { present: true, unreadable: error.message }]
    }
  }

  return defineController({
    name: platformControllerName,
    for: platformKind,
    watches: [
      watchKind(customResourceDefinitionKind, ({ metadata }) =>
        watched.has(metadata.name) ? [{ name: platformName }] : [],
      ),
    ],
    // Without an object nothing would ever ask for it to be made.
    sources: [(enqueue) => enqueue({ name: platformName })],
    workers: 1,
    async reconcile({ name }) {
      if (name !== platformName) return undefined
      const platform = await ensurePlatform(client)
      const findings = new Map(await Promise.all(componentCatalog.map(find)))
      const status = decideStatus({ platform, findings, operatorVersion: version, now: clock.now() })
      if (status)
        await client.updateStatus(platformKind, { ...platform, status }, { fieldManager: platformControllerName })
      return { requeueAfter: lookAgainMs }
    },
  })
}

async function ensurePlatform(client: KubeClient): Promise<Platform> {
  const found = await client.find(platformKind, { name: platformName })
  if (found) return found
  const platform: Platform = {
    apiVersion: `${platformKind.group}/${platformKind.version}`,
    kind: platformKind.kind,
    metadata: { name: platformName },
    spec: {},
  }
  return client.create(platformKind, platform, { fieldManager: platformControllerName })
}

/** The kind as the definition serves it: in the stored version when that is served, which costs no conversion. */
function kindOf({ metadata, spec }: CustomResourceDefinition): Kind<StateObject> | undefined {
  if (metadata.deletionTimestamp !== undefined) return undefined
  const served = spec.versions.filter((version) => version.served)
  const version = served.find(({ storage }) => storage) ?? served[0]
  if (!version) return undefined
  const { group, names, scope } = spec
  return defineKind<StateObject>({
    group,
    version: version.name,
    kind: names.kind,
    plural: names.plural,
    namespaced: scope === 'Namespaced',
  })
}
