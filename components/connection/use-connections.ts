'use client'

import { type QueryClient, queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import {
  type AddConnection,
  type ConnectionInfo,
  type ConnectionList,
  type ConnectionTest,
  isAnswering,
} from '@/contract/connections'
import { type Caller, useConsoleApi } from '../kube/api'

const connectionsKey = ['connections'] as const
/** While something is wrong its end should be on screen soon. Milliseconds. */
const every = { calm: 10_000, troubled: 3_000 }

function connectionsQuery(api: Caller) {
  return queryOptions({
    queryKey: connectionsKey,
    // Our own gateway, agreed in contract/connections.ts.
    queryFn: async () => (await api('GET', '/connections')) as ConnectionList,
    staleTime: every.troubled,
    retry: false,
    refetchInterval: ({ state: { data } }) =>
      data?.connections.every(({ health }) => isAnswering(health)) ? every.calm : every.troubled,
  })
}

/** Every connection of this console and how it does, asked again every few seconds. */
export function useConnections() {
  return useQuery(connectionsQuery(useConsoleApi()))
}

/** One connection; undefined while it is not known or when there is none of that name. */
export function useConnection(name: string): ConnectionInfo | undefined {
  return useQuery({
    ...connectionsQuery(useConsoleApi()),
    select: ({ connections }) => connections.find((connection) => connection.name === name),
  }).data
}

/** Turns the person's read-only switch of a connection. Fails with ApiFailure. */
export function useReadOnlySwitch(name: string) {
  const api = useConsoleApi()
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (readOnly: boolean) => api('PUT', `${addressOf(name)}/read-only`, { body: { readOnly } }),
    onSettled: () => refresh(queryClient),
  })
}

/** Tries a kubeconfig without keeping it. Fails with ApiFailure. */
export function useConnectionTest() {
  const api = useConsoleApi()
  return useMutation({
    mutationFn: async (request: AddConnection) =>
      // Our own gateway, agreed in contract/connections.ts.
      (await api('POST', '/connections', { body: { ...request, test: true } })) as ConnectionTest,
  })
}

/** Keeps a connection. Fails with ApiFailure. */
export function useAddConnection() {
  const api = useConsoleApi()
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: async (request: AddConnection) =>
      // Our own gateway, agreed in contract/connections.ts.
      (await api('POST', '/connections', { body: request })) as ConnectionInfo,
    onSettled: () => refresh(queryClient),
  })
}

/** Renames a connection for people; its address stays. Fails with ApiFailure. */
export function useRenameConnection() {
  const api = useConsoleApi()
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: ({ name, displayName }: { name: string; displayName: string }) =>
      api('PATCH', addressOf(name), { body: { displayName } }),
    onSettled: () => refresh(queryClient),
  })
}

/** Forgets a connection; the cluster is left as it is. Fails with ApiFailure. */
export function useRemoveConnection() {
  const api = useConsoleApi()
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (name: string) => api('DELETE', addressOf(name)),
    onSettled: () => refresh(queryClient),
  })
}

const addressOf = (name: string) => `/connections/${encodeURIComponent(name)}`

function refresh(queryClient: QueryClient): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: connectionsKey })
}
