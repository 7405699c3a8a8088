import { describe, expect, it } from 'vitest'
import type { KubeStatus } from '@/contract/kube-object'
import { emptyLiveState, type LiveState } from './live-state'
import { mergeLists } from './merge-lists'

const item = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name } })
const loaded = (...names: string[]): LiveState => ({ items: names.map(item), loaded: true, stale: false })
const status: KubeStatus = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code: 403 }
const refused: LiveState = { ...emptyLiveState, error: status }

describe('a list of several namespaces', () => {
  it('is there once each part has come or been refused', () => {
    expect(mergeLists(['a', 'b'], [loaded('x'), emptyLiveState])).toMatchObject({ loaded: false })
    const merged = mergeLists(['a', 'b'], [loaded('x'), loaded('y')])
    expect(merged).toMatchObject({ loaded: true, failures: [] })
    expect(merged.items.map(({ metadata }) => metadata.name)).toEqual(['x', 'y'])
  })

  it('tells which namespaces are missing, and fails only when all are', () => {
    expect(mergeLists(['a', 'b'], [loaded('x'), refused])).toMatchObject({
      loaded: true,
      failures: [{ namespace: 'b', status }],
    })
    const none = mergeLists(['a', 'b'], [refused, refused])
    expect(none).toMatchObject({ loaded: false, error: status, failures: [] })
  })

  it('is as old as its oldest part', () => {
    expect(mergeLists(['a', 'b'], [loaded(), { ...loaded(), stale: true }]).stale).toBe(true)
  })

  it('of no namespace has not come', () => {
    expect(mergeLists([], [])).toMatchObject({ loaded: false, items: [] })
  })
})
