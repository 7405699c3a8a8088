import { type FeatureDefinition, type FeatureId, features, type PartDefinition, type PartId, parts } from './parts'
import { compareReleases, readRelease } from './release'
import { type ServedGroup, servedVersion } from './served-version'

/** What was found out about a cluster; what could not be is left out, and is neither there nor missing. */
export interface ClusterFacts {
  /** Discovery's groups, the core one as ''. Undefined: they could not be asked for. */
  groups: readonly ServedGroup[] | undefined
  /** As each part tells its own version. */
  versions: Partial<Record<PartId, string>>
  /** What a part says is wrong with it, in its own words. */
  troubles?: Partial<Record<PartId, string>>
}

export type PartState =
  /** There, and of a release that this console works with. */
  | 'present'
  | 'absent'
  /** There, but not well; `words` say why. */
  | 'troubled'
  | 'tooOld'
  /** Newer than any that was tried; expected to work. */
  | 'untried'
  | 'unknown'

export interface PartReport {
  id: PartId
  name: string
  state: PartState
  version?: string
  /** `group/version` of everything that is served of it. */
  served: string[]
  /** The bound that `tooOld` and `untried` speak of. */
  bound?: string
  words?: string
  required: boolean
}

export interface FeatureReport {
  id: FeatureId
  part: PartId
  state: 'available' | 'missing' | 'unknown'
  /** The version that is used. */
  apiVersion?: string
  /** Another version is served than the newest one that this console understands. */
  older?: boolean
  /** Why it is missing. */
  because?: 'noGroup' | 'noVersion' | 'alsoMissing' | 'tooOld'
  /** What `because` speaks of: a group, or what is served instead. */
  what?: string
}

export interface ClusterReport {
  parts: PartReport[]
  features: FeatureReport[]
}

/** Puts together what a cluster is made of, what it makes possible here, and why something is not. */
export function buildClusterReport(facts: ClusterFacts): ClusterReport {
  const reported = parts.map((part) => reportPart(part, facts))
  const byId = new Map(reported.map((part) => [part.id, part]))
  return {
    parts: reported,
    features: features.map((feature) => reportFeature(feature, facts, byId.get(feature.part)?.state ?? 'unknown')),
  }
}

function reportPart(part: PartDefinition, { groups, versions, troubles = {} }: ClusterFacts): PartReport {
  const { id, name, required = false } = part
  const version = versions[id]
  const words = troubles[id]
  const base = { id, name, required, ...(version === undefined ? {} : { version }) }
  if (groups === undefined)
    return { ...base, state: version === undefined ? 'unknown' : stateOf(part, version).state, served: [] }
  const served = groups
    .filter(({ group }) => part.groups.includes(group))
    .flatMap(({ group, versions: all }) => all.map((one) => (group === '' ? one : `${group}/${one}`)))
  if (served.length === 0) return { ...base, state: 'absent', served }
  const found = stateOf(part, version)
  if (words !== undefined && found.state !== 'tooOld') return { ...base, state: 'troubled', served, words }
  return { ...base, ...found, served }
}

function stateOf(
  { oldest, newest }: PartDefinition,
  version: string | undefined,
): { state: PartState; bound?: string } {
  const release = readRelease(version)
  const [least, most] = [readRelease(oldest), readRelease(newest)]
  if (release && least && oldest && compareReleases(release, least) < 0) return { state: 'tooOld', bound: oldest }
  if (release && most && newest && compareReleases(release, most) > 0) return { state: 'untried', bound: newest }
  return { state: 'present' }
}

function reportFeature(feature: FeatureDefinition, { groups }: ClusterFacts, part: PartState): FeatureReport {
  const { id, api, also = [] } = feature
  const base = { id, part: feature.part }
  if (groups === undefined) return { ...base, state: 'unknown' }
  const found = groups.find(({ group }) => group === api.group)
  if (!found) return { ...base, state: 'missing', because: 'noGroup', what: api.group }
  const version = servedVersion(groups, api)
  if (version === undefined) {
    return {
      ...base,
      state: 'missing',
      because: 'noVersion',
      what: found.versions.map((one) => `${api.group}/${one}`).join(', '),
    }
  }
  const absent = also.find((group) => !groups.some((candidate) => candidate.group === group))
  if (absent !== undefined) return { ...base, state: 'missing', because: 'alsoMissing', what: absent }
  const apiVersion = `${api.group}/${version}`
  const older = version !== api.versions[0]
  // An older KubeVirt may do half of it; that is no promise to make.
  if (part === 'tooOld') return { ...base, state: 'missing', because: 'tooOld', what: feature.part, apiVersion, older }
  return { ...base, state: 'available', apiVersion, older }
}
