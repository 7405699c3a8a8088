import { describe, expect, it } from 'vitest'
import { type ConfigMap, eventKind } from '@/contract/kinds/core'
import { createMemoryApi } from '@/server/cluster/client/memory-api.fixture'
import { createFakeClock } from '@/server/cluster/fake-clock.fixture'
import type { Log } from '@/server/cluster/log'
import { createEventRecorder } from './events'

const object: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one', namespace: 'a', uid: 'u' } }

function build(maxWaiting?: number) {
  const clock = createFakeClock()
  const api = createMemoryApi({ now: clock.now })
  const lines: string[] = []
  const log: Log = { debug() {}, info() {}, warn: (_fields, message) => void lines.push(message), error() {} }
  const options = { client: api.client, clock, log, component: 'tester', ...(maxWaiting ? { maxWaiting } : {}) }
  return { clock, api, lines, recorder: createEventRecorder(options) }
}

describe('the event recorder', () => {
  it('counts the same event up, also across restarts, and keeps different ones apart', async () => {
    const { api, clock, recorder } = build()
    recorder.normal(object, 'Started', 'it runs')
    recorder.normal(object, 'Started', 'it runs')
    await recorder.flush()
    await clock.advance(60_000)
    const next = createEventRecorder({
      client: api.client,
      clock,
      log: { debug() {}, info() {}, warn() {}, error() {} },
      component: 'tester',
    })
    next.normal(object, 'Started', 'it runs')
    next.warning(object, 'Failed', 'it does not')
    await next.flush()
    expect(api.all(eventKind)).toMatchObject([
      {
        type: 'Normal',
        reason: 'Started',
        count: 3,
        firstTimestamp: '2030-01-01T00:00:00Z',
        lastTimestamp: '2030-01-01T00:01:00Z',
        involvedObject: { kind: 'ConfigMap', name: 'one', uid: 'u' },
        source: { component: 'tester' },
      },
      { type: 'Warning', reason: 'Failed', count: 1 },
    ])
  })

  it('tells the log what it could not write, and drops what comes too fast', async () => {
    const { api, lines, recorder } = build(2)
    api.before = () => {
      throw new Error('away')
    }
    for (const reason of ['A', 'B', 'C']) recorder.normal(object, reason, '')
    await recorder.flush()
    expect(lines).toEqual(['an event was dropped: too many are waiting', 'event not written', 'event not written'])
  })
})
