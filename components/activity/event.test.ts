import { expect, it } from 'vitest'
import type { KubeEvent } from '@/contract/kinds/core'
import { eventTimeOf, machineOfEvent, newestFirst } from './event'

const event = (name: string, more: Partial<KubeEvent>): KubeEvent => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name, namespace: 'n', creationTimestamp: '2026-01-01T00:00:00Z' },
  involvedObject: {},
  ...more,
})

it('takes the last time an event says, whichever field it says it in', () => {
  expect(eventTimeOf(event('a', { lastTimestamp: null, eventTime: '2026-02-01T00:00:00.5Z' }))).toBe(
    '2026-02-01T00:00:00.5Z',
  )
  expect(eventTimeOf(event('a', {}))).toBe('2026-01-01T00:00:00Z')
})

it('puts the newest first across precisions and offsets', () => {
  const events = [
    event('old', { lastTimestamp: '2026-03-01T10:00:00Z' }),
    event('new', { eventTime: '2026-03-01T10:00:00.900000Z' }),
    event('offset', { lastTimestamp: '2026-03-01T10:30:00+01:00' }),
    event('broken', { lastTimestamp: 'soon' }),
  ]
  expect(newestFirst(events).map(({ metadata }) => metadata.name)).toEqual(['new', 'old', 'offset', 'broken'])
})

it('leads from a guest to its machine, and from other things nowhere', () => {
  const about = (kind: string) => machineOfEvent(event('a', { involvedObject: { kind, namespace: 'n', name: 'vm' } }))
  expect(about('VirtualMachineInstance')).toEqual({ namespace: 'n', name: 'vm' })
  expect(about('DataVolume')).toBeUndefined()
})
