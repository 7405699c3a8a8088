'use client'

import { useQueries } from '@tanstack/react-query'
import { useCallback, useMemo } from 'react'
import { useKubeApi } from '../kube/api'
import { useCluster } from '../kube/cluster'
import { type Access, accessQuery } from '../kube/use-access'
import { type ActionId, type MachineAction, machineActions } from './actions'

/** Asking about more namespaces than one sees at a time would be a flood of calls; the server decides about the rest. */
const askedNamespaces = 12

/** What the person may do with machines in the given namespaces: an answer per namespace and action. */
export function useMachineAccess(namespaces: readonly string[]): (namespace: string, action: ActionId) => Access {
  const api = useKubeApi()
  const cluster = useCluster()
  const key = [...new Set(namespaces)].sort().slice(0, askedNamespaces).join(' ')
  const questions = useMemo(
    () =>
      (key === '' ? [] : key.split(' ')).flatMap((namespace) =>
        [...permissions].map(([permission, access]) => ({ namespace, permission, question: { ...access, namespace } })),
      ),
    [key],
  )
  const answers = useQueries({
    queries: questions.map(({ question }) => accessQuery(api, cluster, question)),
    combine: useCallback(
      (results: readonly { data: Access | undefined }[]) =>
        new Map(
          questions.map(
            ({ namespace, permission }, at) => [`${namespace} ${permission}`, results[at]?.data ?? {}] as const,
          ),
        ),
      [questions],
    ),
  })
  return useCallback(
    (namespace, id) => {
      const action = machineActions.find((candidate) => candidate.id === id)
      return (action && answers.get(`${namespace} ${permissionOf(action)}`)) ?? {}
    },
    [answers],
  )
}

/** What an action needs, as a word: stopping and stopping at once need the same. */
function permissionOf({ access }: MachineAction): string {
  return `${access.verb} ${access.resource}/${access.subresource ?? ''}`
}

const permissions = new Map(machineActions.map((action) => [permissionOf(action), action.access]))
