import { describe, expect, it } from 'vitest'
import { nameContexts, slugOf } from './context-names'

describe('names of contexts in addresses', () => {
  it('are the context’s own where it may stand in a URL', () => {
    expect([...nameContexts(['prod', 'dev.eu-1'])]).toEqual([
      ['prod', 'prod'],
      ['dev.eu-1', 'dev.eu-1'],
    ])
  })

  it('are as near to it as possible otherwise', () => {
    expect(slugOf('arn:aws:eks:eu-west-1:123:cluster/Prod')).toBe('arn-aws-eks-eu-west-1-123-cluster-prod')
    expect(slugOf('admin@Köln')).toBe('admin-ko-ln')
    expect(slugOf('../../etc')).toBe('etc')
    expect(slugOf('日本')).toBe('cluster')
    expect(slugOf('x'.repeat(300))).toHaveLength(63)
  })

  it('stay the same when the file’s order or another context changes', () => {
    const both = nameContexts(['a/b', 'a:b', 'c'])
    const turned = nameContexts(['c', 'a:b', 'a/b'])
    expect(new Set(both.values()).size).toBe(3)
    for (const [context, name] of both) expect(turned.get(context)).toBe(name)
  })

  it('leave a plain name to the context that is called so', () => {
    const names = nameContexts(['Prod', 'prod'])
    expect(names.get('prod')).toBe('prod')
    expect(names.get('Prod')).toMatch(/^prod-[0-9a-f]{6}$/)
  })

  it('are never the embedded cluster’s, nor one that is taken', () => {
    expect(nameContexts(['local']).get('local')).toMatch(/^local-[0-9a-f]{6}$/)
    expect(nameContexts(['lab'], new Set(['lab'])).get('lab')).toMatch(/^lab-[0-9a-f]{6}$/)
  })
})
