import type { Condition, KubeObject } from '@/contract/kube-object'
import type { Tone } from '../ui/status-label'

/** The object in which an operator keeps the state of its component (KubeVirt, CDI). */
export interface PlatformObject extends KubeObject {
  status?: {
    phase?: string
    observedKubeVirtVersion?: string
    observedVersion?: string
    operatorVersion?: string
    conditions?: Condition[]
  }
}

export interface ComponentState {
  tone: Tone
  /** The operator's own word. */
  phase: string | undefined
  version: string | undefined
  /** What is wrong, in the operator's own words. */
  trouble?: string
}

/** How a component does: trouble is a Degraded or a missing Available, whatever the phase says. */
export function componentStateOf({ status = {} }: PlatformObject): ComponentState {
  const bad = status.conditions?.find(
    (condition) =>
      (condition.type === 'Degraded' && condition.status === 'True') ||
      (condition.type === 'Available' && condition.status === 'False'),
  )
  return {
    tone: bad ? 'bad' : status.phase === 'Deployed' ? 'good' : 'busy',
    phase: status.phase,
    version: status.observedKubeVirtVersion ?? status.observedVersion ?? status.operatorVersion,
    ...(bad ? { trouble: bad.message ?? bad.reason ?? bad.type } : {}),
  }
}
