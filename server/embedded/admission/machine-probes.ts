import type { MachineRule } from './machine-check'
import { fieldsSet, objectAt, objectsAt, textAt, valueAt } from './machine-fields'

const handlers = ['httpGet', 'tcpSocket', 'exec', 'guestAgentPing']

/** How a guest is asked whether it is well: in one way, which has to be able to reach it. */
export const checkProbes: MachineRule = ({ field, spec, causes }) => {
  const probes = (['readinessProbe', 'livenessProbe'] as const).flatMap((name) => {
    const probe = objectAt(spec, name)
    return probe ? [{ at: `${field}.${name}`, probe }] : []
  })
  for (const { at, probe } of probes) {
    const count = fieldsSet(probe, handlers).length
    if (count > 1) causes.invalid(at, `${at} must have exactly one probe type set`)
    if (count < 1) {
      causes.required(at, `either ${at}.tcpSocket, ${at}.exec or ${at}.httpGet must be set if a ${at} is specified`)
    }
  }
  if (objectsAt(spec, 'networks').some((network) => objectAt(network, 'pod'))) return
  for (const { at, probe } of probes) {
    for (const name of fieldsSet(probe, ['httpGet', 'tcpSocket'])) {
      causes.invalid(`${at}.${name}`, `${at}.${name} is only allowed if the Pod Network is attached`)
    }
  }
}

/** What happens at start and when the node is drained. */
export const checkStrategies: MachineRule = ({ field, spec, causes }) => {
  const strategy = valueAt(spec, 'startStrategy')
  if (strategy === undefined) return
  const at = `${field}.startStrategy`
  if (strategy !== 'Paused') causes.invalid(at, `${at} is set with an unrecognized option: ${String(strategy)}`)
  else if (objectAt(spec, 'livenessProbe')) {
    causes.invalid(
      at,
      `either ${at} or ${field}.livenessProbe should be provided.Pausing VMI with LivenessProbe is not supported`,
    )
  }
}

export const checkEvictionStrategy: MachineRule = ({ field, spec, causes }) => {
  const strategy = textAt(spec, 'evictionStrategy')
  if (['', 'None', 'LiveMigrate', 'LiveMigrateIfPossible', 'External'].includes(strategy)) return
  const at = `${field}.evictionStrategy`
  causes.invalid(at, `${at} is set with an unrecognized option: ${strategy}`)
}
