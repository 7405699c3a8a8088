import { describe, expect, it } from 'vitest'
import { createCallLimiter } from './call-limits'
import { isLongRunning } from './long-running'

describe('the limits of a person', () => {
  const limits = { concurrentRequests: 2, concurrentStreams: 1, perSecond: 10, burst: 3 }

  it('let a burst through, then as many as come in time', () => {
    let now = 0
    const limiter = createCallLimiter(limits, () => now)
    const ask = (person = 'ada') => {
      const leave = limiter.enter(person, 'request')
      if (typeof leave !== 'function') return leave.code
      leave()
      return 'in'
    }
    expect([ask(), ask(), ask(), ask()]).toEqual(['in', 'in', 'in', 429])
    expect(ask('bo')).toBe('in')
    now += 100
    expect([ask(), ask()]).toEqual(['in', 429])
    now += 60_000
    expect([ask(), ask(), ask(), ask()]).toEqual(['in', 'in', 'in', 429])
  })

  it('give a place back once, however often it is left', () => {
    const limiter = createCallLimiter({ ...limits, burst: 100 }, () => 0)
    const leave = limiter.enter('ada', 'stream')
    expect(limiter.enter('ada', 'stream')).toMatchObject({ code: 429, details: { retryAfterSeconds: 5 } })
    expect(typeof limiter.enter('ada', 'request')).toBe('function')
    if (typeof leave !== 'function') throw new Error('it should be in')
    leave()
    leave()
    expect(typeof limiter.enter('ada', 'stream')).toBe('function')
    expect(limiter.enter('ada', 'stream')).toMatchObject({ code: 429 })
  })
})

it.each([
  ['/api/v1/pods?watch=true', true],
  ['/api/v1/pods?limit=1&watch', true],
  ['/api/v1/pods?watch=false', false],
  ['/api/v1/pods?labelSelector=watch=true', false],
  ['/api/v1/watch/namespaces/n/pods', true],
  ['/api/v1/namespaces/n/pods/p/log?follow=1', true],
  ['/api/v1/namespaces/n/services/s/proxy/x/y', true],
  ['/apis/kubevirt.io/v1/namespaces/n/virtualmachines/console-1', false],
])('knows which answers take their time: %s', (path, expected) => {
  expect(isLongRunning(path)).toBe(expected)
})
