import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type PrintableFacts, printableOrder, printableStatusOf } from './printable-status'

const none = Object.fromEntries(printableOrder.map(([fact]) => [fact, false])) as unknown as PrintableFacts

describe('the printable status', () => {
  it('is what the first true fact in KubeVirt’s order says, whatever else is true', () => {
    const facts = fc.record(
      Object.fromEntries(printableOrder.map(([fact]) => [fact, fc.boolean()])),
    ) as unknown as fc.Arbitrary<PrintableFacts>
    fc.assert(
      fc.property(facts, (given) => {
        const first = printableOrder.findIndex(([fact]) => given[fact])
        expect(printableStatusOf(given)).toBe(first === -1 ? 'Unknown' : printableOrder[first]?.[1])
      }),
    )
  })

  it('lists the sixteen states in KubeVirt’s order', () => {
    expect(printableOrder.map(([, status]) => status)).toEqual([
      'Terminating',
      'Stopping',
      'Migrating',
      'Paused',
      'Running',
      'ErrorPvcNotFound',
      'DataVolumeError',
      'ErrorUnschedulable',
      'Provisioning',
      'WaitingForVolumeBinding',
      'ErrImagePull',
      'ImagePullBackOff',
      'Starting',
      'CrashLoopBackOff',
      'Stopped',
      'WaitingForReceiver',
    ])
    for (const [fact, status] of printableOrder) expect(printableStatusOf({ ...none, [fact]: true })).toBe(status)
  })
})
