import { createHash } from 'node:crypto'
import type { Pod } from '@/contract/kinds/core'
import { type VirtualMachineInstance, virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import type { Condition } from '@/contract/kube-object'
import { formatBytesQuantity } from '@/contract/quantity'
import { formatTime } from '@/server/cluster/clock'
import { controllerReference } from '../../runtime/controller'
import { type ConditionState, stateConditions } from '../conditions'
import { namedLimits } from './launcher-limits'
import { requestsOf } from './scheduling'

/** Keeps the guest's address on the object that stands for its process. */
export const addressAnnotation = 'chiave.io/address'

/** `virt-launcher-<name>-xxxxx`, always the same for one instance. */
export function launcherPodName(vmi: VirtualMachineInstance): string {
  const suffix = createHash('sha256')
    .update(vmi.metadata.uid ?? '')
    .digest('hex')
    .slice(0, 5)
  return `virt-launcher-${vmi.metadata.name.slice(0, 243)}-${suffix}`
}

/** The Pod that stands for the machine's process, marked as KubeVirt's, so that selectors, quota and drain see it. */
export function buildLauncherPod(vmi: VirtualMachineInstance, { address }: { address: string }): Pod {
  const { name, namespace, uid = '' } = vmi.metadata
  const { memoryBytes, cpuMilli } = requestsOf(vmi.spec.domain)
  const grace = vmi.spec.terminationGracePeriodSeconds
  const limits = namedLimits(vmi.spec.domain)
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: launcherPodName(vmi),
      ...(namespace ? { namespace } : {}),
      labels: {
        ...vmi.metadata.labels,
        'kubevirt.io': 'virt-launcher',
        'kubevirt.io/created-by': uid,
        'vm.kubevirt.io/name': labelValue(name),
        'vmi.kubevirt.io/id': labelValue(name),
      },
      annotations: { 'kubevirt.io/domain': name, [addressAnnotation]: address },
      ownerReferences: [controllerReference(virtualMachineInstanceKind, vmi)],
    },
    spec: {
      containers: [
        {
          name: 'compute',
          image: 'chiave/virt-launcher',
          resources: {
            requests: { cpu: `${cpuMilli}m`, memory: formatBytesQuantity(memoryBytes) },
            ...(Object.keys(limits).length > 0 ? { limits } : {}),
          },
        },
      ],
      restartPolicy: 'Never',
      ...(grace === undefined ? {} : { terminationGracePeriodSeconds: grace + 15 }),
    },
  }
}

/** A label value holds 63 characters; a longer name is represented by its start and a hash. */
function labelValue(name: string): string {
  if (name.length <= 63) return name
  return `${name.slice(0, 54)}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`
}

export interface LauncherState {
  phase: NonNullable<NonNullable<Pod['status']>['phase']>
  /** Why it is on no node yet; empty when it is. */
  unschedulable?: string
  message?: string
  now: number
}

/** The Pod's status as a kubelet would write it for one container that is the machine's process. */
export function buildPodStatus(pod: Pod, state: LauncherState): NonNullable<Pod['status']> {
  const { phase, unschedulable, now } = state
  const ip = pod.metadata.annotations?.[addressAnnotation]
  const started = pod.status?.startTime ?? formatTime(now)
  const placed = unschedulable === undefined && pod.spec.nodeName !== undefined
  return {
    qosClass: 'Burstable',
    phase,
    conditions: podConditions(pod, state),
    ...(placed ? { startTime: started, hostIP: '127.0.0.1' } : {}),
    ...(placed && ip && phase !== 'Pending' ? { podIP: ip, podIPs: [{ ip }] } : {}),
    ...(state.message ? { message: state.message } : {}),
    ...(placed ? { containerStatuses: [containerStatus(pod, { phase, started, now })] } : {}),
  }
}

function podConditions(pod: Pod, { phase, unschedulable, now }: LauncherState): Condition[] {
  if (unschedulable !== undefined) {
    const scheduled = {
      type: 'PodScheduled',
      status: 'False' as const,
      reason: 'Unschedulable',
      message: unschedulable,
    }
    return stateConditions(pod.status?.conditions, [scheduled], now)
  }
  if (pod.spec.nodeName === undefined) return []
  const running = phase === 'Running' ? 'True' : 'False'
  const ended = phase === 'Succeeded' ? { reason: 'PodCompleted' } : {}
  const states: ConditionState[] = [
    { type: 'PodScheduled', status: 'True' },
    { type: 'Initialized', status: 'True', ...ended },
    { type: 'ContainersReady', status: running, ...ended },
    { type: 'Ready', status: running, ...ended },
  ]
  return stateConditions(pod.status?.conditions, states, now)
}

function containerStatus(
  pod: Pod,
  { phase, started, now }: { phase: LauncherState['phase']; started: string; now: number },
) {
  const [container] = pod.spec.containers
  const running = phase === 'Running'
  return {
    name: container?.name ?? 'compute',
    image: container?.image ?? '',
    imageID: '',
    ready: running,
    started: running,
    restartCount: 0,
    state: containerState(pod, { phase, started, now }),
  }
}

function containerState(
  pod: Pod,
  { phase, started, now }: { phase: LauncherState['phase']; started: string; now: number },
) {
  if (phase === 'Running') return { running: { startedAt: started } }
  if (phase === 'Pending') return { waiting: { reason: 'ContainerCreating' } }
  const failed = phase === 'Failed'
  // The time of the end is kept once it was written.
  const [previous] = (pod.status?.containerStatuses ?? []) as { state?: { terminated?: { finishedAt?: string } } }[]
  const finishedAt = previous?.state?.terminated?.finishedAt ?? formatTime(now)
  return {
    terminated: { exitCode: failed ? 1 : 0, reason: failed ? 'Error' : 'Completed', startedAt: started, finishedAt },
  }
}
