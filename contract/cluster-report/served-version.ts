/** A group as discovery tells of it; the server's preferred version first. */
export interface ServedGroup {
  group: string
  versions: readonly string[]
}

/**
 * The version in which to speak with a cluster about a kind: of those that this console understands, newest first, the
 * first one that is served. Undefined when there is none.
 */
export function servedVersion(
  groups: readonly ServedGroup[],
  { group, versions }: { group: string; versions: readonly string[] },
): string | undefined {
  const served = groups.find((candidate) => candidate.group === group)?.versions ?? []
  return versions.find((version) => served.includes(version))
}

/** The versions of a kind that this console understands, newest first. */
export function understoodVersions({
  version,
  servedVersions,
}: {
  version: string
  servedVersions?: readonly string[] | undefined
}): readonly string[] {
  return [version, ...(servedVersions ?? []).filter((other) => other !== version)]
}
