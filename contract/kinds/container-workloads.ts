import { defineKind, type Kind } from './kind'

/**
 * Kinds that run containers. The embedded cluster knows and checks them, so that tools can ask what they would do, and
 * keeps none.
 */
const workload = (kind: string, plural: string, extra: Partial<Kind> = {}): Kind =>
  defineKind({
    group: 'apps',
    version: 'v1',
    kind,
    plural,
    namespaced: true,
    categories: ['all'],
    statusSubresource: true,
    ...extra,
  })

export const containerKinds: readonly Kind[] = [
  workload('DaemonSet', 'daemonsets', { shortNames: ['ds'] }),
  workload('Deployment', 'deployments', { shortNames: ['deploy'] }),
  workload('ReplicaSet', 'replicasets', { shortNames: ['rs'] }),
  workload('StatefulSet', 'statefulsets', { shortNames: ['sts'] }),
  workload('CronJob', 'cronjobs', { group: 'batch', shortNames: ['cj'] }),
  workload('Job', 'jobs', { group: 'batch' }),
]
