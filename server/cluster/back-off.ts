export interface BackOffOptions {
  baseMs: number
  capMs: number
  /** 0…1; spreads retries so that many do not return in step. */
  random?: () => number
}

/** Exponential: base, 2 × base, 4 × base … up to the cap, each shortened by up to a fifth. */
export function backOffDelay(failures: number, { baseMs, capMs, random = Math.random }: BackOffOptions): number {
  const full = Math.min(capMs, baseMs * 2 ** Math.min(failures, 30))
  return Math.round(full * (1 - random() / 5))
}
