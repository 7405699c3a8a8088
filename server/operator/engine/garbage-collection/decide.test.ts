import { describe, expect, it } from 'vitest'
import type { KubeObject, ObjectMeta } from '@/contract/kube-object'
import { decideCollection, type OwnerState } from './decide'

const object = (metadata: Partial<ObjectMeta> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'one', uid: 'one', ...metadata },
})
const reference = (uid: string, blockOwnerDeletion = false) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: uid,
  uid,
  blockOwnerDeletion,
})
const owned = (states: OwnerState[]) =>
  decideCollection({
    object: object(),
    owners: states.map((state, index) => ({ reference: reference(`owner-${index}`), state })),
    dependents: [],
  })

describe('garbage collection', () => {
  it.each<[OwnerState[], unknown[]]>([
    [[], []],
    [['present'], []],
    [['absent'], [{ type: 'delete', policy: undefined }]],
    [['absent', 'absent'], [{ type: 'delete', policy: undefined }]],
    [['present', 'absent'], [{ type: 'dropOwners', uids: ['owner-1'] }]],
    [['waitingForDependents'], [{ type: 'delete', policy: undefined }]],
    [['present', 'waitingForDependents'], [{ type: 'dropOwners', uids: ['owner-1'] }]],
  ])('with owners %j does %j', (states, actions) => {
    expect(owned(states)).toEqual(actions)
  })

  it('deletes in the foreground below an owner that waits, when there is more below', () => {
    const actions = decideCollection({
      object: object(),
      owners: [{ reference: reference('owner'), state: 'waitingForDependents' }],
      dependents: [object({ name: 'child' })],
    })
    expect(actions).toEqual([{ type: 'delete', policy: 'Foreground' }])
  })

  const leaving = (finalizer: string, dependents: KubeObject[]) =>
    decideCollection({
      object: object({ deletionTimestamp: '2030-01-01T00:00:00Z', finalizers: [finalizer] }),
      owners: [],
      dependents,
    })

  it('lets an owner wait for the dependents that block it, and only for those', () => {
    expect(leaving('foregroundDeletion', [object({ ownerReferences: [reference('one', true)] })])).toEqual([])
    const free = [object({ ownerReferences: [reference('one', false)] })]
    expect(leaving('foregroundDeletion', free)).toEqual([{ type: 'removeFinalizer', finalizer: 'foregroundDeletion' }])
  })

  it('sets dependents free before an owner that orphans them goes', () => {
    const dependents = [object({ name: 'child' })]
    expect(leaving('orphan', dependents)).toEqual([
      { type: 'orphanDependents', dependents },
      { type: 'removeFinalizer', finalizer: 'orphan' },
    ])
    expect(leaving('orphan', [])).toEqual([{ type: 'removeFinalizer', finalizer: 'orphan' }])
  })
})
