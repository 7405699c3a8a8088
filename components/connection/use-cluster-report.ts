'use client'

import { type UseQueryOptions, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { z } from 'zod'
import { buildClusterReport, type ClusterReport } from '@/contract/cluster-report/build-report'
import { type PartId, platformGroup } from '@/contract/cluster-report/parts'
import { type ApiFailure, type KubeApi, useKubeApi } from '../kube/api'
import { useCluster } from '../kube/cluster'
import { groupsQuery } from '../kube/discovery'
import { callQueryKey } from '../kube/query-keys'

export interface Who {
  user: string
  groups: readonly string[]
}

export interface Found {
  report: ClusterReport
  loading: boolean
  /** Why discovery could not be asked. */
  failure: ApiFailure | undefined
  /** Who the API server says one is; undefined where it does not say. */
  who: Who | undefined
  again: () => void
}

/** What a cluster is made of and makes possible, as far as the signed-in person may find out. */
export function useClusterReport(): Found {
  const api = useKubeApi()
  const cluster = useCluster()
  const groups = useQuery<readonly { group: string; versions: readonly string[] }[], ApiFailure>(
    // The query function throws nothing else.
    groupsQuery(api, cluster) as UseQueryOptions<readonly { group: string; versions: readonly string[] }[], ApiFailure>,
  )
  const has = (group: string) => groups.data?.some((offered) => offered.group === group) ?? false
  const kubernetes = useQuery(askQuery(api, cluster, { path: '/version', read: readGitVersion }))
  const kubeVirt = useQuery({
    ...askQuery(api, cluster, { path: '/apis/kubevirt.io/v1/kubevirts', read: readOperator }),
    enabled: has('kubevirt.io'),
  })
  const kubeVirtVersion = useQuery({
    ...askQuery(api, cluster, { path: '/apis/subresources.kubevirt.io/v1/version', read: readGitVersion }),
    enabled: has('subresources.kubevirt.io') && kubeVirt.isError,
  })
  const cdi = useQuery({
    ...askQuery(api, cluster, { path: '/apis/cdi.kubevirt.io/v1beta1/cdis', read: readOperator }),
    enabled: has('cdi.kubevirt.io'),
  })
  const chiave = useQuery({
    ...askQuery(api, cluster, { path: `/apis/${platformGroup}/v1alpha1/platforms`, read: readOperator }),
    enabled: has(platformGroup),
  })
  const who = useQuery(askQuery(api, cluster, { path: reviewPath, read: readWho, body: selfReview }))

  const report = useMemo(() => {
    const versions: Partial<Record<PartId, string>> = {}
    const troubles: Partial<Record<PartId, string>> = {}
    const told: [PartId, Operator | undefined][] = [
      ['kubernetes', { version: kubernetes.data }],
      ['kubeVirt', kubeVirt.data ?? { version: kubeVirtVersion.data }],
      ['cdi', cdi.data],
      ['chiave', chiave.data],
    ]
    for (const [part, operator] of told) {
      if (operator?.version) versions[part] = operator.version
      if (operator?.trouble) troubles[part] = operator.trouble
    }
    return buildClusterReport({ groups: groups.data, versions, troubles })
  }, [groups.data, kubernetes.data, kubeVirt.data, kubeVirtVersion.data, cdi.data, chiave.data])

  return {
    report,
    loading: groups.isPending,
    failure: groups.error ?? undefined,
    who: who.data,
    again: () => void groups.refetch(),
  }
}

const reviewPath = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
const selfReview = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }

interface Ask<T> {
  path: string
  read: (answer: unknown) => T
  /** Given: a POST. */
  body?: unknown
}

/** What is refused here stays unknown in the report: none of it is worth a second try or an error on the page. */
function askQuery<T>(api: KubeApi, cluster: string, { path, read, body }: Ask<T>) {
  return {
    queryKey: callQueryKey(cluster, 'report', path),
    queryFn: async () => read(await api.call(body === undefined ? 'GET' : 'POST', path, body)),
    staleTime: 60_000,
    retry: false,
  }
}

const readGitVersion = (answer: unknown) => z.object({ gitVersion: z.string() }).parse(answer).gitVersion

const reviewSchema = z.object({
  status: z.object({ userInfo: z.object({ username: z.string(), groups: z.array(z.string()).default([]) }) }),
})

function readWho(answer: unknown): Who {
  const { username, groups } = reviewSchema.parse(answer).status.userInfo
  return { user: username, groups }
}

interface Operator {
  version?: string | undefined
  trouble?: string | undefined
}

const operatorSchema = z.object({
  items: z.array(
    z.object({
      status: z
        .object({
          observedKubeVirtVersion: z.string(),
          observedVersion: z.string(),
          operatorVersion: z.string(),
          conditions: z.array(z.object({ type: z.string(), status: z.string(), message: z.string().optional() })),
        })
        .partial()
        .optional(),
    }),
  ),
})

/** Version and trouble as the operators of KubeVirt, CDI and Chiave keep them in the status of their one object. */
function readOperator(answer: unknown): Operator {
  const status = operatorSchema.parse(answer).items[0]?.status ?? {}
  const bad = status.conditions?.find(
    ({ type, status: state }) =>
      (type === 'Degraded' && state === 'True') || (type === 'Available' && state === 'False'),
  )
  return {
    version: status.observedKubeVirtVersion ?? status.observedVersion ?? status.operatorVersion,
    trouble: bad && (bad.message ?? bad.type),
  }
}
