import { isJsonObject, part } from '@/contract/json'
import type { ApiObject } from '../api-object'
import { type FieldError, requiredValue } from '../errors/status-error'
import { plainStrategy, type ResourceStrategy } from './strategy'

/** Pods and nodes. */

function podErrors(object: ApiObject): FieldError[] {
  const containers = part(object, 'spec')['containers']
  if (!Array.isArray(containers) || containers.length === 0) return [requiredValue('spec.containers')]
  return containers.flatMap((container: unknown, index) =>
    isJsonObject(container) && typeof container['name'] === 'string' && container['name'] !== ''
      ? []
      : [requiredValue(`spec.containers[${index}].name`)],
  )
}

const defaultGracePeriod = 30

export const podStrategy: ResourceStrategy = {
  ...plainStrategy,
  prepareForCreate(object) {
    const spec = part(object, 'spec')
    object['spec'] = {
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: defaultGracePeriod,
      dnsPolicy: 'ClusterFirst',
      schedulerName: 'default-scheduler',
      ...spec,
    }
    object['status'] = { phase: 'Pending', qosClass: 'BestEffort' }
  },
  validate: podErrors,
  /** A pod that no node runs goes at once; the others when their node says so, by a delete with grace period 0. */
  gracePeriod(object, requested) {
    const spec = part(object, 'spec')
    const phase = part(object, 'status')['phase']
    if (!spec['nodeName'] || phase === 'Succeeded' || phase === 'Failed' || requested === 0) return undefined
    const own = spec['terminationGracePeriodSeconds']
    return requested ?? (typeof own === 'number' ? own : defaultGracePeriod)
  },
  mayGo: (object) => !object.metadata.deletionGracePeriodSeconds,
}

export const nodeStrategy: ResourceStrategy = { ...plainStrategy, keepsStatusOnCreate: true }
