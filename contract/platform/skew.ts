import type { Platform } from '../kinds/platform-chiave'

/** How the operator in a cluster and the console that looks at it fit together. */
export type OperatorSkew =
  /** No operator has reported yet. */
  | { state: 'none' }
  /** It has reported, but not lately: whatever the object says may be old. */
  | { state: 'silent'; version: string; since: string }
  | { state: 'same'; version: string }
  /** Different, but meant to work together: one minor version apart at most. */
  | { state: 'older' | 'newer'; version: string; supported: boolean }

/** The operator renews its sign of life every five minutes; after three of them it counts as gone. Milliseconds. */
export const silentAfterMs = 15 * 60_000

/** Compares the operator that `platform` tells of with a console's version. `now`: milliseconds since the epoch. */
export function operatorSkew(platform: Platform | undefined, consoleVersion: string, now: number): OperatorSkew {
  const { operatorVersion: version, lastHeartbeat } = platform?.status ?? {}
  if (!version) return { state: 'none' }
  const heartbeat = Date.parse(lastHeartbeat ?? '')
  if (lastHeartbeat && !Number.isNaN(heartbeat) && now - heartbeat > silentAfterMs) {
    return { state: 'silent', version, since: lastHeartbeat }
  }
  const [operator, ours] = [readVersion(version), readVersion(consoleVersion)]
  if (!operator || !ours) {
    // Versions that are no versions (of a build by hand) are the same or not; which is newer nobody knows.
    return version === consoleVersion ? { state: 'same', version } : { state: 'older', version, supported: false }
  }
  const order = compare(operator, ours)
  if (order === 0) return { state: 'same', version }
  const supported = operator[0] === ours[0] && Math.abs(operator[1] - ours[1]) <= 1
  return { state: order < 0 ? 'older' : 'newer', version, supported }
}

type Version = readonly [major: number, minor: number, patch: number]

function readVersion(text: string): Version | undefined {
  const match = /^v?(\d+)\.(\d+)\.(\d+)/.exec(text)
  return match ? [Number(match[1]), Number(match[2]), Number(match[3])] : undefined
}

function compare(one: Version, other: Version): number {
  return one[0] - other[0] || one[1] - other[1] || one[2] - other[2]
}
