import { z } from 'zod'
import { type RecordCollection, RecordConflict } from '@/server/records/record-store'

/** Which connections a person wants to look at only; what nobody decided is left to the connection's own default. */
export interface ReadOnlyChoices {
  get(personKey: string, cluster: string): boolean | undefined
  /** Resolves when it is durable. */
  set(personKey: string, cluster: string, readOnly: boolean): Promise<void>
}

/** The part of a profile (contract/people.ts) that this is about; the rest is kept as it is. */
const profileSchema = z.looseObject({ readOnly: z.record(z.string(), z.boolean()).default({}) })
const attempts = 5

/** Choices in the profiles of people: records named by the person's key. */
export function createReadOnlyChoices(profiles: RecordCollection): ReadOnlyChoices {
  const profileOf = (key: string) => profileSchema.safeParse(profiles.get(key)?.value ?? {}).data ?? { readOnly: {} }

  async function set(personKey: string, cluster: string, readOnly: boolean): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const revision = profiles.get(personKey)?.revision ?? null
      const profile = profileOf(personKey)
      try {
        await profiles.put(
          personKey,
          { ...profile, readOnly: { ...profile.readOnly, [cluster]: readOnly } },
          { revision },
        )
        return
      } catch (error) {
        if (!(error instanceof RecordConflict) || attempt === attempts) throw error
      }
    }
  }

  return {
    get(personKey, cluster) {
      const choices = profileOf(personKey).readOnly
      return Object.hasOwn(choices, cluster) ? choices[cluster] : undefined
    },
    set,
  }
}
