import type { LocalUsers } from './local-users'
import { type Person, personKeyOf, type StoredPerson } from './person'

export interface PeopleOptions {
  users: LocalUsers
  /** Groups whose members administer the console, whoever knows them. */
  adminGroups: readonly string[]
  /** As `adminGroups`, for the people of one identity provider, by its id. */
  providerAdminGroups: Readonly<Record<string, readonly string[]>>
  /** The cluster whose word about groups counts for the console itself. */
  primaryCluster: string | undefined
}

export interface People {
  /** The person as of now; undefined for a local user who is gone or disabled. */
  resolve(stored: StoredPerson): Person | undefined
}

/** What became of people since they signed in: local users change while their sessions last. */
export function createPeople({ users, adminGroups, providerAdminGroups, primaryCluster }: PeopleOptions): People {
  const isIn = (groups: readonly string[], admins: readonly string[] = []) =>
    groups.some((group) => admins.includes(group))

  function administers(stored: StoredPerson): boolean {
    switch (stored.source) {
      case 'link':
        return true
      case 'oidc':
        return isIn(stored.groups, adminGroups) || isIn(stored.groups, providerAdminGroups[stored.provider])
      case 'token':
        // Another cluster may put anyone into any group.
        return stored.cluster === primaryCluster && isIn(stored.groups, adminGroups)
      case 'password':
      case 'proxy':
        return isIn(stored.groups, adminGroups)
    }
  }

  return {
    resolve(stored) {
      const key = personKeyOf(stored)
      if (stored.source !== 'password') {
        const { user, groups } = stored
        return { stored, key, user, groups, administrator: administers(stored), mustChangePassword: false }
      }
      const user = users.get(stored.user)
      if (!user || user.disabled || user.uid !== stored.uid) return undefined
      const { groups, mustChangePassword } = user
      const administrator = user.administrator || isIn(groups, adminGroups)
      return { stored, key, user: user.name, groups, administrator, mustChangePassword }
    },
  }
}
