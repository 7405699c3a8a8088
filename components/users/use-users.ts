'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { LocalUser, LocalUserChange, LocalUserRequest } from '@/contract/people'
import { ApiFailure, useConsoleApi } from '../kube/api'
import { useSession } from '../kube/session'

const usersKey = ['local-users'] as const

export interface UsersQuery {
  users: readonly LocalUser[]
  loaded: boolean
  error?: ApiFailure
  refetch: () => void
}

/** The local users of this console; for its administrators. */
export function useUsers(): UsersQuery {
  const call = useConsoleApi()
  const { administrator } = useSession()
  const { data, error, refetch } = useQuery({
    queryKey: usersKey,
    enabled: administrator,
    // Our own gateway, agreed in contract/people.ts.
    queryFn: async () => ((await call('GET', '/auth/users')) as { users: LocalUser[] }).users,
  })
  return {
    users: data ?? [],
    loaded: data !== undefined,
    ...(error instanceof ApiFailure && !data ? { error } : {}),
    refetch: () => void refetch(),
  }
}

export interface UserCalls {
  create: (request: LocalUserRequest) => Promise<void>
  change: (name: string, change: LocalUserChange) => Promise<void>
  remove: (name: string) => Promise<void>
}

/** What an administrator does with local users. Every call rejects with ApiFailure; the list is read anew afterwards. */
export function useUserCalls(): UserCalls {
  const call = useConsoleApi()
  const client = useQueryClient()
  const send = async (method: string, path: string, body?: unknown) => {
    try {
      await call(method, path, { body })
    } finally {
      await client.invalidateQueries({ queryKey: usersKey })
    }
  }
  return {
    create: (request) => send('POST', '/auth/users', request),
    change: (name, change) => send('PATCH', `/auth/users/${encodeURIComponent(name)}`, change),
    remove: (name) => send('DELETE', `/auth/users/${encodeURIComponent(name)}`),
  }
}
