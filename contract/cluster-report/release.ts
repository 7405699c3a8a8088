/** Major and minor version of a release: `v1.31.4+k3s1` is 1.31. */
export interface Release {
  major: number
  minor: number
}

/** Reads a version as Kubernetes and its operators write them; undefined when it is none (`devel`, say). */
export function readRelease(version: string | undefined): Release | undefined {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version ?? '') ?? []
  return major === undefined || minor === undefined ? undefined : { major: Number(major), minor: Number(minor) }
}

/** Below zero when `a` is older than `b`. */
export function compareReleases(a: Release, b: Release): number {
  return a.major - b.major || a.minor - b.minor
}
