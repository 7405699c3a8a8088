import type { MachineCheck, MachineRule } from './machine-check'
import { numberAt, objectAt, objectsAt, textAt, valueAt } from './machine-fields'
import { canonicalQuantity, milliOf, unitsOf } from './machine-quantities'

/** CPU time requested and limited. */
export const checkCpuResources: MachineRule = ({ field, spec, causes }) => {
  const request = valueAt(spec, 'domain', 'resources', 'requests', 'cpu')
  const limit = valueAt(spec, 'domain', 'resources', 'limits', 'cpu')
  const requestField = `${field}.domain.resources.requests.cpu`
  const limitField = `${field}.domain.resources.limits.cpu`
  for (const [at, value] of [
    [requestField, request],
    [limitField, limit],
  ] as const) {
    if (milliOf(value) >= 0) continue
    causes.invalid(at, `${at} '${canonicalQuantity(value)}': must be greater than or equal to 0.`)
  }
  if (milliOf(limit) > 0 && milliOf(request) > milliOf(limit)) {
    causes.invalid(
      requestField,
      `${requestField} '${canonicalQuantity(request)}' is greater than ${limitField} '${canonicalQuantity(limit)}'`,
    )
  }
}

/** A machine that has host CPUs for itself says how many, as whole ones. */
export const checkDedicatedCpus: MachineRule = (check) => {
  if (valueAt(check.spec, 'domain', 'cpu', 'dedicatedCpuPlacement') !== true) return
  checkMemoryOfDedicated(check)
  checkWholeCpus(check)
  checkCountOfDedicated(check)
  const threads = numberAt(check.spec, 'domain', 'cpu', 'threads') ?? 0
  if (threads > 2) {
    check.causes.invalid(
      `${check.field}.domain.cpu.dedicatedCpuPlacement`,
      `Not more than two threads must be provided at ${check.field}.domain.cpu.threads (got ${threads}) when DedicatedCPUPlacement is true`,
    )
  }
}

function checkMemoryOfDedicated({ field, spec, causes }: MachineCheck): void {
  const at = `${field}.domain`
  const given =
    unitsOf(valueAt(spec, 'domain', 'resources', 'limits', 'memory')) !== 0n ||
    unitsOf(valueAt(spec, 'domain', 'resources', 'requests', 'memory')) !== 0n ||
    objectAt(spec, 'domain', 'memory', 'hugepages') !== undefined ||
    unitsOf(valueAt(spec, 'domain', 'memory', 'guest')) !== 0n
  if (given) return
  causes.invalid(
    `${at}.resources.limits.memory`,
    `${at}.resources.requests.memory, ${at}.resources.limits.memory, ${at}.memory.hugepages or ${at}.memory.guest should be provided`,
  )
}

function checkWholeCpus({ field, spec, causes }: MachineCheck): void {
  for (const kind of ['requests', 'limits'] as const) {
    const value = valueAt(spec, 'domain', 'resources', kind, 'cpu')
    if (unitsOf(value) > 0n && Number(unitsOf(value)) * 1000 !== milliOf(value)) {
      causes.invalid(`${field}.domain.resources.${kind}.cpu`, `provided resources CPU ${kind} must be an interger`)
    }
  }
  const request = unitsOf(valueAt(spec, 'domain', 'resources', 'requests', 'memory'))
  const limit = unitsOf(valueAt(spec, 'domain', 'resources', 'limits', 'memory'))
  if (request > 0n && limit > 0n && request !== limit) {
    const at = `${field}.domain.resources`
    causes.invalid(`${at}.requests.memory`, `${at}.requests.memory must be equal to ${at}.limits.memory`)
  }
}

/** The virtual CPUs of a topology in which a part left out counts for nothing. */
function virtualCpus(spec: unknown): number {
  const parts = ['cores', 'sockets', 'threads'].map((part) => numberAt(spec, 'domain', 'cpu', part) ?? 0)
  const given = parts.filter((part) => part !== 0)
  return given.length === 0 ? 0 : given.reduce((product, part) => product * part, 1)
}

function checkCountOfDedicated({ field, spec, causes }: MachineCheck): void {
  const requests = `${field}.domain.resources.requests.cpu`
  const limits = `${field}.domain.resources.limits.cpu`
  const cores = `${field}.domain.cpu.cores`
  const at = `${field}.domain.cpu.dedicatedCpuPlacement`
  const request = Number(unitsOf(valueAt(spec, 'domain', 'resources', 'requests', 'cpu')))
  const limit = Number(unitsOf(valueAt(spec, 'domain', 'resources', 'limits', 'cpu')))
  const count = virtualCpus(spec)
  // The messages end with a space, as KubeVirt's do.
  if (request === 0 && limit === 0 && count === 0) {
    causes.invalid(
      at,
      `either ${requests} or ${limits} or ${cores} must be provided when DedicatedCPUPlacement is true `,
    )
  }
  if (request > 0 && limit > 0 && request !== limit) {
    causes.invalid(at, `${requests} or ${limits} must be equal when DedicatedCPUPlacement is true `)
  }
  if ((request > 0 || limit > 0) && count > 0 && request !== count && limit !== count) {
    causes.invalid(
      at,
      `${requests} or ${limits} must not be provided at the same time with ${cores} when DedicatedCPUPlacement is true `,
    )
  }
}

/** Settings that only make sense beside others. */
export const checkNuma: MachineRule = ({ field, spec, causes }) => {
  if (valueAt(spec, 'domain', 'cpu', 'numa', 'guestMappingPassthrough') === undefined) return
  const at = `${field}.domain.cpu.numa.guestMappingPassthrough`
  if (valueAt(spec, 'domain', 'cpu', 'dedicatedCpuPlacement') !== true) {
    causes.invalid(
      at,
      `${field}.domain.cpu.dedicatedCpuPlacement must be set to true when NUMA topology strategy is set in ${at}`,
    )
  }
  if (valueAt(spec, 'domain', 'memory', 'hugepages') === undefined) {
    causes.invalid(at, `${field}.domain.memory.hugepages must be requested when NUMA topology strategy is set in ${at}`)
  }
}

const featurePolicies = new Set(['', 'force', 'require', 'optional', 'disable', 'forbid'])

export const checkCpuFeatures: MachineRule = ({ field, spec, causes }) => {
  const cpu = objectAt(spec, 'domain', 'cpu')
  if (cpu?.['isolateEmulatorThread'] === true && cpu['dedicatedCpuPlacement'] !== true) {
    causes.invalid(
      `${field}.domain.cpu.isolateEmulatorThread`,
      'IsolateEmulatorThread should be only set in combination with DedicatedCPUPlacement',
    )
  }
  for (const [index, feature] of objectsAt(cpu, 'features').entries()) {
    const policy = textAt(feature, 'policy')
    if (featurePolicies.has(policy)) continue
    causes.notSupported(
      `${field}.domain.cpu.features[${index}].policy`,
      `CPU feature ${textAt(feature, 'name')} uses policy ${policy} that is not supported.`,
    )
  }
}

export const checkCpuGrowth: MachineRule = ({ field, spec, causes }) => {
  const sockets = numberAt(spec, 'domain', 'cpu', 'sockets') ?? 0
  const most = numberAt(spec, 'domain', 'cpu', 'maxSockets') ?? 0
  if (most === 0 || sockets <= most) return
  causes.invalid(
    `${field}.domain.cpu.sockets`,
    'Number of sockets in CPU topology is greater than the maximum sockets allowed',
  )
}

export const checkRealtime: MachineRule = ({ field, spec, causes }) => {
  const cpu = objectAt(spec, 'domain', 'cpu')
  if (valueAt(cpu, 'realtime') === undefined) return
  const at = `${field}.domain.cpu`
  if (cpu?.['dedicatedCpuPlacement'] !== true) {
    causes.required(
      `${at}.dedicatedCpuPlacement`,
      `${at}.dedicatedCpuPlacement must be set to true when ${at}.realtime is used`,
    )
  }
  if (valueAt(cpu, 'numa', 'guestMappingPassthrough') === undefined) {
    causes.required(
      `${at}.numa.guestMappingPassthrough`,
      `${at}.numa.guestMappingPassthrough must be defined when ${at}.realtime is used`,
    )
  }
}
