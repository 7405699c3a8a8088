import { isDeepStrictEqual } from 'node:util'
import type { Platform, PlatformComponent } from '@/contract/kinds/platform-chiave'
import type { Condition, KubeObject } from '@/contract/kube-object'
import { formatTime } from '@/server/cluster/clock'
import { type CatalogComponent, componentCatalog } from './component-catalog'

/** What was found of one part. */
export interface Finding {
  /** The cluster serves its kind. */
  present: boolean
  /** The objects in which its operator keeps its state; absent where none tells. */
  objects?: readonly StateObject[] | undefined
  /** Why the objects could not be read. */
  unreadable?: string | undefined
}

/** The fields that the operators' own status objects have in common. */
export interface StateObject extends KubeObject {
  status?: {
    phase?: string
    conditions?: Condition[]
    observedKubeVirtVersion?: string
    observedVersion?: string
    operatorVersion?: string
    versions?: { name?: string; version?: string }[]
  }
}

export interface Observed {
  platform: Platform
  findings: ReadonlyMap<string, Finding>
  operatorVersion: string
  /** Milliseconds since the epoch. */
  now: number
}

type Status = NonNullable<Platform['status']>

/** How old the last sign of life may get. Milliseconds. */
export const heartbeatMs = 5 * 60_000

/** The status that what was found calls for; `undefined` when the platform's own says it already. */
export function decideStatus({ platform, findings, operatorVersion, now }: Observed): Status | undefined {
  const before = platform.status ?? {}
  const components = componentCatalog.map((part) => describe(part, findings.get(part.name) ?? { present: false }))
  const heartbeat = Date.parse(before.lastHeartbeat ?? '')
  const due = Number.isNaN(heartbeat) || now - heartbeat >= heartbeatMs || heartbeat > now
  const { generation } = platform.metadata
  const next: Status = {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    operatorVersion,
    ...(due || before.lastHeartbeat === undefined
      ? { lastHeartbeat: formatTime(now) }
      : { lastHeartbeat: before.lastHeartbeat }),
    components,
    conditions: [readyCondition(components, { before: before.conditions, generation, now })],
  }
  return isDeepStrictEqual(next, before) ? undefined : next
}

function describe({ name, reports }: CatalogComponent, { present, objects, unreadable }: Finding): PlatformComponent {
  if (!present) return { name, present }
  if (unreadable !== undefined) return { name, present, message: clip(unreadable) }
  if (!reports || !objects) return { name, present }
  const [object] = objects
  if (!object)
    return { name, present, ready: false, message: 'Installed, but not set up: its operator was given nothing to do.' }
  const trouble = troubleOf(object)
  const version = versionOf(object)
  return {
    name,
    present,
    ...(version === undefined ? {} : { version }),
    ready: trouble === undefined,
    ...(trouble === undefined ? {} : { message: clip(trouble) }),
  }
}

function versionOf({ status = {} }: StateObject): string | undefined {
  const { observedKubeVirtVersion, observedVersion, operatorVersion, versions } = status
  const found = observedKubeVirtVersion ?? observedVersion ?? operatorVersion
  return found ?? (versions?.find(({ name }) => name === 'operator') ?? versions?.[0])?.version
}

/** What is wrong in the operator's own words; `undefined` when all is well. */
function troubleOf({ status = {} }: StateObject): string | undefined {
  const conditions = status.conditions ?? []
  const bad =
    conditions.find(({ type, status: value }) => type === 'Degraded' && value === 'True') ??
    conditions.find(({ type, status: value }) => type === 'Available' && value !== 'True')
  if (bad) return bad.message || bad.reason || `${bad.type} is ${bad.status}`
  const phase = status.phase
  if (phase !== undefined && phase !== 'Deployed') return `The phase is ${phase || 'unknown'}.`
  if (conditions.length === 0 && phase === undefined) return 'Its operator has not reported yet.'
  return undefined
}

function readyCondition(
  components: readonly PlatformComponent[],
  { before, generation, now }: { before: Condition[] | undefined; generation: number | undefined; now: number },
): Condition {
  const troubled = components.filter(({ ready }) => ready === false).map(({ name }) => name)
  const missing = components.some(({ name, present }) => name === 'kubevirt' && !present)
  const state = missing
    ? { status: 'False' as const, reason: 'KubeVirtMissing', message: 'KubeVirt is not installed in this cluster.' }
    : troubled.length > 0
      ? { status: 'False' as const, reason: 'ComponentsNotReady', message: `Not ready: ${troubled.join(', ')}.` }
      : { status: 'True' as const, reason: 'ComponentsReady', message: 'Every component that is there is ready.' }
  const known = before?.find(({ type }) => type === 'Ready')
  const since = known?.status === state.status ? known.lastTransitionTime : undefined
  return {
    type: 'Ready',
    ...state,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    lastTransitionTime: since ?? formatTime(now),
  }
}

/** The definition's limit is far higher; a status is read by people. */
const clip = (text: string) => text.slice(0, 1024)
