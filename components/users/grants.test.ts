import { describe, expect, it } from 'vitest'
import type { RoleBinding } from '@/contract/kinds/rbac'
import { buildGrant, type Grantee, grantsOf, withoutGrantee } from './grants'

const ada: Grantee = { kind: 'User', name: 'ada' }
const makers: Grantee = { kind: 'Group', name: 'makers' }
const inA = buildGrant({ role: 'edit', namespace: 'a', to: ada })
const everywhere = buildGrant({ role: 'view', to: makers })

describe('a grant', () => {
  it('in a namespace is a RoleBinding there, elsewhere a ClusterRoleBinding', () => {
    expect(inA).toMatchObject({ kind: 'RoleBinding', metadata: { namespace: 'a' } })
    expect(everywhere.kind).toBe('ClusterRoleBinding')
    expect(everywhere.metadata).not.toHaveProperty('namespace')
  })

  it('has the same name when it is given twice, and another one for a group of the same name', () => {
    expect(buildGrant({ role: 'edit', namespace: 'a', to: ada }).metadata.name).toBe(inA.metadata.name)
    expect(buildGrant({ role: 'edit', namespace: 'a', to: { kind: 'Group', name: 'ada' } }).metadata.name).not.toBe(
      inA.metadata.name,
    )
  })

  it('to a group with a slash has a name that can be part of a path', () => {
    expect(buildGrant({ role: 'view', to: { kind: 'Group', name: 'eu/dev%1' } }).metadata.name).not.toMatch(/[/%]/)
  })

  it('is found for the person and their groups, the whole cluster first', () => {
    const found = grantsOf([inA, everywhere], [ada, makers])
    expect(found.map(({ namespace, role, to }) => [namespace, role, to.name])).toEqual([
      [undefined, 'view', 'makers'],
      ['a', 'edit', 'ada'],
    ])
  })

  it('is not taken for a group’s when a person of that name has it', () => {
    expect(grantsOf([inA], [{ kind: 'Group', name: 'ada' }])).toEqual([])
  })

  it('is taken from one and left to the others', () => {
    const shared: RoleBinding = { ...inA, subjects: [...(inA.subjects ?? []), { kind: 'User', name: 'bob' }] }
    expect(withoutGrantee(shared, ada)?.subjects).toEqual([{ kind: 'User', name: 'bob' }])
    expect(withoutGrantee(inA, ada)).toBeUndefined()
  })
})
