export interface UidRange {
  first: number
  count: number
}

/** Hands out users for guests; the one given back last comes last again, so that stray files of it stay strangers'. */
export class GuestUids {
  #next = 0

  constructor(readonly range: UidRange) {}

  /** A user that none of `taken` has; undefined when all are. */
  allocate(taken: ReadonlySet<number>): number | undefined {
    for (let step = 0; step < this.range.count; step++) {
      const offset = (this.#next + step) % this.range.count
      const uid = this.range.first + offset
      if (taken.has(uid)) continue
      this.#next = (offset + 1) % this.range.count
      return uid
    }
    return undefined
  }
}
