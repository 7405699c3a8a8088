import { describe, expect, test } from 'vitest'
import type { Platform } from '../kinds/platform-chiave'
import { operatorSkew, silentAfterMs } from './skew'

const now = Date.UTC(2030, 0, 1)
const platform = (operatorVersion: string, silentMs = 60_000): Platform => ({
  apiVersion: 'platform.chiave.io/v1alpha1',
  kind: 'Platform',
  metadata: { name: 'chiave' },
  status: { operatorVersion, lastHeartbeat: new Date(now - silentMs).toISOString() },
})

describe('the skew of operator and console', () => {
  test.each([
    ['1.4.2', '1.4.2', { state: 'same' }],
    ['v1.4.2', '1.4.2-rc.1', { state: 'same' }],
    ['1.4.1', '1.4.2', { state: 'older', supported: true }],
    ['1.5.0', '1.4.9', { state: 'newer', supported: true }],
    ['1.10.0', '1.9.0', { state: 'newer', supported: true }],
    ['1.2.0', '1.4.0', { state: 'older', supported: false }],
    ['2.0.0', '1.9.0', { state: 'newer', supported: false }],
    ['dev', '1.9.0', { state: 'older', supported: false }],
    ['dev', 'dev', { state: 'same' }],
  ])('operator %s beside console %s', (operator, console, expected) => {
    expect(operatorSkew(platform(operator), console, now)).toEqual({ version: operator, ...expected })
  })

  test('an operator that has not been heard of for long is silent, whatever its version', () => {
    expect(operatorSkew(platform('1.0.0', silentAfterMs + 1), '1.0.0', now)).toMatchObject({ state: 'silent' })
    expect(operatorSkew(platform('1.0.0', silentAfterMs), '1.0.0', now)).toMatchObject({ state: 'same' })
  })

  test('without a report there is none', () => {
    expect(operatorSkew(undefined, '1.0.0', now)).toEqual({ state: 'none' })
    expect(operatorSkew({ ...platform('1'), status: {} }, '1.0.0', now)).toEqual({ state: 'none' })
  })
})
