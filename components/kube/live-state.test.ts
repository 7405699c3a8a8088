import { describe, expect, it } from 'vitest'
import type { KubeObject, KubeStatus } from '@/contract/kube-object'
import { applyLiveMessages, emptyLiveState, type LiveState } from './live-state'

const object = (name: string, resourceVersion = '1', namespace = 'n'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, resourceVersion },
})
const forbidden: KubeStatus = {
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  code: 403,
  message: 'no',
}
const loaded = (...items: KubeObject[]): LiveState =>
  applyLiveMessages(emptyLiveState, [{ id: 1, type: 'snapshot', items }])
const names = (state: LiveState) => state.items.map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`)

describe('the live reducer', () => {
  it('begins unloaded and is loaded by a snapshot, also an empty one', () => {
    expect(emptyLiveState.loaded).toBe(false)
    expect(loaded()).toEqual({ items: [], loaded: true, stale: false })
  })

  it('applies events in their order', () => {
    const state = applyLiveMessages(loaded(object('a'), object('b')), [
      {
        id: 1,
        type: 'events',
        events: [
          { type: 'MODIFIED', object: object('a', '2') },
          { type: 'ADDED', object: object('c', '3') },
          { type: 'DELETED', object: object('b', '4') },
          { type: 'MODIFIED', object: object('a', '5') },
        ],
      },
    ])
    expect(names(state)).toEqual(['a@5', 'c@3'])
  })

  it('trusts the order of the server, not the size of a resourceVersion', () => {
    const state = applyLiveMessages(loaded(object('a', '900')), [
      { id: 1, type: 'events', events: [{ type: 'MODIFIED', object: object('a', '7') }] },
    ])
    expect(names(state)).toEqual(['a@7'])
  })

  it('keeps equal names of different namespaces apart', () => {
    const state = applyLiveMessages(loaded(object('a', '1', 'n'), object('a', '2', 'm')), [
      { id: 1, type: 'events', events: [{ type: 'DELETED', object: object('a', '1', 'n') }] },
    ])
    expect(names(state)).toEqual(['a@2'])
  })

  it('replaces everything by a new snapshot and trusts it again', () => {
    const stale = applyLiveMessages(loaded(object('a'), object('gone')), [{ id: 1, type: 'stale', message: 'away' }])
    expect(stale).toMatchObject({ stale: true, loaded: true })
    expect(names(stale)).toHaveLength(2)
    const fresh = applyLiveMessages(stale, [{ id: 1, type: 'snapshot', items: [object('a', '2')] }])
    expect(fresh.stale).toBe(false)
    expect(names(fresh)).toEqual(['a@2'])
  })

  it('reports a refusal, keeps what it had as old, and forgets the refusal with the next snapshot', () => {
    const refused = applyLiveMessages(loaded(object('a')), [
      { id: 1, type: 'error', status: forbidden, retrying: true },
    ])
    expect(refused).toMatchObject({ error: forbidden, stale: true, loaded: true })
    expect(names(refused)).toEqual(['a@1'])
    expect(applyLiveMessages(refused, [{ id: 1, type: 'snapshot', items: [] }]).error).toBeUndefined()
  })

  it('takes an ERROR inside a watch as a sign that things are old', () => {
    const state = applyLiveMessages(loaded(object('a')), [
      { id: 1, type: 'events', events: [{ type: 'ERROR', object: { ...forbidden, code: 410 } }] },
    ])
    expect(state.stale).toBe(true)
    expect(names(state)).toEqual(['a@1'])
  })

  it('never changes a state it was given', () => {
    const before = loaded(object('a'))
    applyLiveMessages(before, [{ id: 1, type: 'events', events: [{ type: 'DELETED', object: object('a') }] }])
    expect(names(before)).toEqual(['a@1'])
  })
})
