import { type Profile, profileSchema } from '@/contract/people'
import type { RecordCollection } from '@/server/records/record-store'

export interface Profiles {
  /** An empty one for who has none. `personKey` as a caller has it. */
  get(personKey: string): Profile
  put(personKey: string, profile: Profile): Promise<void>
  delete(personKey: string): Promise<void>
}

const empty = profileSchema.parse({})

/** What people keep in the console, by their keys. */
export function createProfiles(records: RecordCollection): Profiles {
  return {
    // A profile that another version wrote is as good as none: nothing in it decides what one may do.
    get: (personKey) => profileSchema.safeParse(records.get(personKey)?.value).data ?? empty,
    async put(personKey, profile) {
      await records.put(personKey, profile)
    },
    delete: (personKey) => records.delete(personKey),
  }
}
