import { expect, it } from 'vitest'
import { readGroups, unfitGroup } from './group-names'

it('reads groups from one line, each once', () => {
  expect(readGroups(' dev, ops dev,,eu/admins ')).toEqual(['dev', 'ops', 'eu/admins'])
  expect(readGroups('  ')).toEqual([])
})

it('names the group that cannot be one, such as Kubernetes’ own', () => {
  expect(unfitGroup('dev, system:masters')).toBe('system:masters')
  expect(unfitGroup('dev ops')).toBeUndefined()
})
