'use client'

import { useCallback } from 'react'
import { type Access, type AccessQuestion, useAccessTo } from '../kube/use-access'
import { type ActionId, machineActions } from './actions'

/** What an action needs, each only once: stopping and stopping at once need the same. */
const needs: readonly AccessQuestion[] = [
  ...new Map(machineActions.map(({ access }) => [JSON.stringify(access), access])).values(),
]

/** What the person may do with machines in the given namespaces: an answer per namespace and action. */
export function useMachineAccess(namespaces: readonly string[]): (namespace: string, action: ActionId) => Access {
  const ask = useAccessTo(namespaces, needs)
  return useCallback(
    (namespace, id) => {
      const action = machineActions.find((candidate) => candidate.id === id)
      return action ? ask({ ...action.access, namespace }) : {}
    },
    [ask],
  )
}
