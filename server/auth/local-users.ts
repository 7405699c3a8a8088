import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { localUserName } from '@/contract/people'
import { type RecordCollection, RecordConflict } from '@/server/records/record-store'
import { secondFactor } from './second-factor'

const userRecord = z.object({
  version: z.literal(1),
  /** Tells the user from a later one of the same name. */
  uid: z.string(),
  displayName: z.string(),
  passwordHash: z.string(),
  administrator: z.boolean(),
  groups: z.array(z.string()),
  disabled: z.boolean(),
  mustChangePassword: z.boolean(),
  totp: secondFactor.optional(),
  /** Begun, and in force once a code proved that the person has it. */
  pendingTotp: z.string().optional(),
  /** Milliseconds since the epoch. */
  createdAt: z.number(),
  lastSignInAt: z.number().optional(),
})
type UserRecord = z.infer<typeof userRecord>

export interface User extends Readonly<UserRecord> {
  readonly name: string
}

export type NewUser = Pick<
  UserRecord,
  'displayName' | 'passwordHash' | 'administrator' | 'groups' | 'mustChangePassword'
>

/** There is one of this name already. */
export class UserExists extends Error {}
/** There is none of this name (any more). */
export class NoSuchUser extends Error {}

export interface LocalUsers {
  get(name: string): User | undefined
  /** By name. */
  all(): User[]
  /** Rejects with UserExists. */
  create(name: string, user: NewUser): Promise<User>
  /**
   * Changes a user as it is now; `change` may be asked again when another replica wrote meanwhile, and gives undefined to
   * leave everything as it is. Resolves with the user afterwards. Rejects with NoSuchUser.
   */
  update(name: string, change: (user: User) => Partial<UserRecord> | undefined): Promise<User>
  delete(name: string): Promise<void>
  /** Called with the name after every change, whoever made it. */
  onChange(listener: (name: string) => void): () => void
}

const maxWrites = 5

/** The people whom this console knows by a password of its own. */
export function createLocalUsers(records: RecordCollection, clock: () => number = Date.now): LocalUsers {
  const parsed = new Map<string, { revision: string; user: User | undefined }>()

  /** A record of a version that we do not understand lets nobody in. */
  function get(name: string): User | undefined {
    if (!localUserName.safeParse(name).success) return undefined
    const stored = records.get(name)
    if (!stored) {
      parsed.delete(name)
      return undefined
    }
    const known = parsed.get(name)
    if (known?.revision === stored.revision) return known.user
    const { data } = userRecord.safeParse(stored.value)
    const user = data && { ...data, name }
    parsed.set(name, { revision: stored.revision, user })
    return user
  }

  return {
    get,
    all: () =>
      records
        .all()
        .flatMap(({ key }) => get(key) ?? [])
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    async create(name, user) {
      const record: UserRecord = { version: 1, uid: randomUUID(), disabled: false, createdAt: clock(), ...user }
      try {
        await records.put(name, record, { revision: null })
      } catch (error) {
        throw error instanceof RecordConflict ? new UserExists(name) : error
      }
      return { ...record, name }
    },
    async update(name, change) {
      for (let left = maxWrites; ; left -= 1) {
        const revision = records.get(name)?.revision
        const user = get(name)
        if (!user || revision === undefined) throw new NoSuchUser(name)
        const changed = change(user)
        if (!changed) return user
        const record = userRecord.parse({ ...user, ...changed })
        try {
          await records.put(name, record, { revision })
          return { ...record, name }
        } catch (error) {
          if (!(error instanceof RecordConflict) || left === 0) throw error
        }
      }
    },
    delete: (name) => records.delete(name),
    onChange: (listener) => records.onChange(listener),
  }
}
