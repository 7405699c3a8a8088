import type { JsonObject } from '../json'
import { numberAt, textAt, valueAt } from '../json-fields'
import { compareQuantities } from '../quantity'
import { countedParts } from './cpu-topology'

export interface RequirementProblem {
  message: string
  /** Paths in the VirtualMachine. */
  fields: readonly string[]
}

export interface Requirer {
  type: JsonObject | undefined
  preference: JsonObject | undefined
  /** The template's spec with the type already worked in. */
  machine: JsonObject
}

const template = 'spec.template.spec'

/** The first of a preference's requirements (CPUs, memory, architecture) that a machine does not meet. */
export function requirementProblem(asked: Requirer): RequirementProblem | undefined {
  return cpuProblem(asked) ?? memoryProblem(asked) ?? architectureProblem(asked)
}

function cpuProblem({ type, preference, machine }: Requirer): RequirementProblem | undefined {
  if (valueAt(preference, 'requirements', 'cpu') === undefined) return undefined
  const required = numberAt(preference, 'requirements', 'cpu', 'guest') ?? 0
  if (type) {
    const given = numberAt(type, 'cpu', 'guest') ?? 0
    if (given >= required) return undefined
    const message = `insufficient CPU resources of ${given} vCPU provided by instance type, preference requires ${required} vCPU`
    return { message, fields: ['spec.instancetype'] }
  }
  const base = `${template}.domain.cpu`
  const cpu = valueAt(machine, 'domain', 'cpu')
  if (cpu === undefined) {
    const message = `no CPU resources provided by VirtualMachine, preference requires ${required} vCPU`
    return { message, fields: [base] }
  }
  const { parts, words } = countedParts(preference)
  const given = parts.length === 0 ? 0 : parts.reduce((product, part) => product * (numberAt(cpu, part) ?? 0), 1)
  if (given >= required) return undefined
  const message = `insufficient CPU resources of ${given} vCPU provided by VirtualMachine, preference requires ${required} vCPU provided as ${words}`
  return { message, fields: parts.map((part) => `${base}.${part}`) }
}

function memoryProblem({ type, preference, machine }: Requirer): RequirementProblem | undefined {
  if (valueAt(preference, 'requirements', 'memory') === undefined) return undefined
  const required = textAt(preference, 'requirements', 'memory', 'guest')
  const given = textAt(machine, 'domain', 'memory', 'guest') || textAt(type, 'memory', 'guest') || '0'
  if (compareQuantities(given, required) >= 0) return undefined
  const giver = type ? 'instance type' : 'VirtualMachine'
  const message = `insufficient Memory resources of ${given} provided by ${giver}, preference requires ${required}`
  return { message, fields: [type ? 'spec.instancetype' : `${template}.domain.memory`] }
}

function architectureProblem({ preference, machine }: Requirer): RequirementProblem | undefined {
  const required = valueAt(preference, 'requirements', 'architecture')
  const asked = textAt(machine, 'architecture')
  if (required === undefined || required === asked) return undefined
  const message = `preference requires architecture ${String(required)} but ${asked} is being requested`
  return { message, fields: [`${template}.architecture`] }
}
