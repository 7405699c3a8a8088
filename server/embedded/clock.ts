/** The time, injected so that tests can move it. */
export interface Clock {
  now(): Date
}

export const systemClock: Clock = { now: () => new Date() }

/** RFC 3339 in seconds, as Kubernetes writes metav1.Time. */
export function toKubeTime(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`
}
