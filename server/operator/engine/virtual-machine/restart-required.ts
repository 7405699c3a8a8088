import { isDeepStrictEqual } from 'node:util'
import type { VirtualMachine } from '@/contract/kinds/virtual-machine'

type VmSpec = VirtualMachine['spec']

/** Placement rules take effect at the next start anyway and do not make the running guest differ. */
const notPartOfTheGuest = ['nodeSelector', 'affinity', 'tolerations']

/** Whether the spec asks for another guest than the one that was started from `startedFrom`. */
export function needsRestart(spec: VmSpec, startedFrom: VmSpec): boolean {
  return !isDeepStrictEqual(guestOf(spec), guestOf(startedFrom))
}

function guestOf(spec: VmSpec): unknown {
  const template = Object.entries(spec.template.spec).filter(([field]) => !notPartOfTheGuest.includes(field))
  // Round trip: a field that is set to undefined equals one that is absent.
  return JSON.parse(
    JSON.stringify({
      template: Object.fromEntries(template),
      instancetype: spec.instancetype?.name,
      preference: spec.preference?.name,
    }),
  )
}
