import { compareQuantities, parseQuantity } from '@/contract/quantity'
import type { MachineRule } from './machine-check'
import { objectAt, textAt, valueAt } from './machine-fields'
import { binaryQuantity, canonicalQuantity, quantityText, unitsOf } from './machine-quantities'

/** What Kubernetes says of text that is no quantity. */
export const quantityWords =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

/** Memory requested and limited. */
export const checkMemory: MachineRule = ({ field, spec, causes }) => {
  const request = valueAt(spec, 'domain', 'resources', 'requests', 'memory')
  const limit = valueAt(spec, 'domain', 'resources', 'limits', 'memory')
  const requestField = `${field}.domain.resources.requests.memory`
  const limitField = `${field}.domain.resources.limits.memory`
  const requested = unitsOf(request)
  const limited = unitsOf(limit)
  const atRequest = `${requestField} '${canonicalQuantity(request)}'`
  if (requested < 0n) causes.invalid(requestField, `${atRequest}: must be greater than or equal to 0.`)
  else if (requested > 0n && requested < 1_000_000n) {
    causes.invalid(requestField, `${atRequest}: must be greater than or equal to 1M.`)
  }
  if (limited < 0n) {
    causes.invalid(limitField, `${limitField} '${canonicalQuantity(limit)}': must be greater than or equal to 0.`)
  }
  if (limited > 0n && requested > limited) {
    causes.invalid(requestField, `${atRequest} is greater than ${limitField} '${canonicalQuantity(limit)}'`)
  }
}

/** Memory in huge pages is whole pages. */
export const checkHugePages: MachineRule = ({ field, spec, causes }) => {
  if (!objectAt(spec, 'domain', 'memory', 'hugepages')) return
  const size = textAt(spec, 'domain', 'memory', 'hugepages', 'pageSize')
  const sizeField = `${field}.domain.memory.hugepages.pageSize`
  const page = unitsOf(size)
  if (parseQuantity(size) === undefined) return causes.invalid(sizeField, `${sizeField} '${size}': ${quantityWords}`)
  const request = valueAt(spec, 'domain', 'resources', 'requests', 'memory')
  const requestField = `${field}.domain.resources.requests.memory`
  const memory =
    unitsOf(request) ||
    unitsOf(valueAt(spec, 'domain', 'memory', 'guest')) ||
    unitsOf(valueAt(spec, 'domain', 'resources', 'limits', 'memory'))
  const asked = `${requestField} '${canonicalQuantity(request)}'`
  if (memory !== 0n && memory < page) {
    causes.invalid(requestField, `${asked} must be equal to or larger than page size ${sizeField} '${size}'`)
  } else if (page > 0n && memory % page !== 0n) {
    causes.invalid(requestField, `${asked} is not a multiple of the page size ${sizeField} '${size}'`)
  }
}

/** Where changes wait for a restart, the guest's memory fits the limit; with live update the limit gives way. */
export const checkGuestMemory: MachineRule = ({ field, spec, settings, causes }) => {
  const guest = valueAt(spec, 'domain', 'memory', 'guest')
  if (settings.liveUpdate || guest === undefined) return
  const limit = valueAt(spec, 'domain', 'resources', 'limits', 'memory')
  const at = `${field}.domain.memory.guest`
  if (unitsOf(limit) === 0n || unitsOf(limit) >= unitsOf(guest)) return
  causes.invalid(
    at,
    `${at} '${canonicalQuantity(guest)}' must be equal to or less than the memory limit ${field}.domain.resources.limits.memory '${canonicalQuantity(limit)}'`,
  )
}

export const checkReservedOverhead: MachineRule = ({ field, spec, settings, causes }) => {
  if (!objectAt(spec, 'domain', 'memory', 'reservedOverhead') || settings.has('ReservedOverheadMemlock')) return
  causes.invalid(
    `${field}.domain.memory.reservedOverhead`,
    'Reserved overhead memlock feature gate is not enabled in kubevirt-config',
  )
}

/** An instance has memory from somewhere; its defaults have made `guest` of a request by now. */
export const checkMemoryGiven: MachineRule = ({ field, spec, causes }) => {
  const given =
    unitsOf(valueAt(spec, 'domain', 'resources', 'requests', 'memory')) !== 0n ||
    valueAt(spec, 'domain', 'memory', 'guest') !== undefined ||
    valueAt(spec, 'domain', 'memory', 'hugepages') !== undefined
  if (given) return
  const at = `${field}.domain`
  causes.required(
    '',
    `no memory requested, at least one of '${at}.memory.guest', '${at}.memory.hugepages.pageSize' or '${at}.resources.requests.memory' must be set`,
  )
}

const mebibyte = 1024n * 1024n
const gibibyte = 1024n * mebibyte

/** Why a machine's memory cannot grow to `maxGuest` while it runs; undefined when it can. */
export function memoryGrowthProblem(spec: unknown, maxGuest: unknown): string | undefined {
  const guest = valueAt(spec, 'domain', 'memory', 'guest')
  const alignment = valueAt(spec, 'domain', 'memory', 'hugepages', 'pageSize') === '1Gi' ? gibibyte : 2n * mebibyte
  return (
    growthHindrance(spec) ??
    (guest === undefined ? 'Guest memory must be configured when memory hotplug is enabled' : undefined) ??
    (maxGuest === undefined ? 'Max guest memory must be configured when memory hotplug is enabled' : undefined) ??
    sizeProblem({ guest, maxGuest, alignment }) ??
    (textAt(spec, 'architecture') === 'amd64' ? undefined : 'Memory hotplug is only available for x86_64 VMs') ??
    (unitsOf(guest) < gibibyte
      ? 'Memory hotplug is only available for VMs with at least 1Gi of guest memory'
      : undefined)
  )
}

function growthHindrance(spec: unknown): string | undefined {
  const cannot = (what: string) => `Memory hotplug is not compatible with ${what}`
  if (valueAt(spec, 'domain', 'cpu', 'realtime') !== undefined) return cannot('realtime VMs')
  if (valueAt(spec, 'domain', 'cpu', 'numa', 'guestMappingPassthrough') !== undefined) {
    return cannot('guest mapping passthrough')
  }
  return valueAt(spec, 'domain', 'launchSecurity') === undefined ? undefined : cannot('encrypted VMs')
}

function sizeProblem(sizes: { guest: unknown; maxGuest: unknown; alignment: bigint }): string | undefined {
  const { guest, maxGuest, alignment } = sizes
  if (compareQuantities(quantityText(guest), quantityText(maxGuest)) > 0) {
    return 'Guest memory is greater than the configured maxGuest memory'
  }
  if (unitsOf(guest) % alignment !== 0n) return `Guest memory must be ${binaryQuantity(alignment)} aligned`
  return unitsOf(maxGuest) % alignment === 0n ? undefined : `MaxGuest must be ${binaryQuantity(alignment)} aligned`
}
