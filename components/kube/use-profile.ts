'use client'

import { type QueryClient, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { Profile } from '@/contract/people'
import { ApiFailure, type Caller, useConsoleApi } from './api'

const profileKey = ['profile'] as const

export interface ProfileQuery {
  /** Undefined until it has arrived, and where it cannot be had. */
  profile?: Profile
  error?: ApiFailure
}

/** What the signed-in person keeps in the console: keys, language, namespaces. `enabled: false` asks for nothing. */
export function useProfile({ enabled = true }: { enabled?: boolean } = {}): ProfileQuery {
  const call = useConsoleApi()
  const { data, error } = useQuery({
    queryKey: profileKey,
    staleTime: 60_000,
    queryFn: () => readProfile(call),
    enabled,
  })
  return { ...(data ? { profile: data } : {}), ...(error instanceof ApiFailure ? { error } : {}) }
}

/** Changes the profile: the change is made to what the server has at that moment. Rejects with ApiFailure. */
export function useProfileChange(): {
  change: (change: (profile: Profile) => Profile) => Promise<Profile>
  busy: boolean
} {
  const call = useConsoleApi()
  const client = useQueryClient()
  const { mutateAsync, isPending } = useMutation({
    // One after the other: two changes of one page must not undo each other.
    scope: { id: 'profile' },
    mutationFn: (change: (profile: Profile) => Profile) => changeProfile({ call, client, change }),
  })
  return { change: mutateAsync, busy: isPending }
}

async function changeProfile(options: {
  call: Caller
  client: QueryClient
  change: (profile: Profile) => Profile
}): Promise<Profile> {
  const { call, client, change } = options
  const next = change(await readProfile(call))
  await call('PUT', '/auth/profile', { body: next })
  client.setQueryData(profileKey, next)
  return next
}

async function readProfile(call: Caller): Promise<Profile> {
  // Our own gateway, agreed in contract/people.ts.
  return (await call('GET', '/auth/profile')) as Profile
}
