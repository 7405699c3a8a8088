import { expect, it } from 'vitest'
import { credentialsEndSoon, pathInCluster } from './health'

it('keeps the kind of page when one goes to another cluster', () => {
  expect(pathInCluster('/c/local/storage', 'prod')).toBe('/c/prod/storage')
  expect(pathInCluster('/c/local/virtual-machines/default/web/console', 'prod')).toBe('/c/prod/virtual-machines')
  expect(pathInCluster('/connections', 'prod')).toBe('/c/prod/overview')
  expect(pathInCluster('/c/local', 'a b')).toBe('/c/a%20b/overview')
})

it('warns of credentials that end within a week, and of none that say nothing', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  const health = { state: 'connected', since: '' } as const
  expect(credentialsEndSoon(health, now)).toBe(false)
  expect(credentialsEndSoon({ ...health, credentialsExpireAt: '2026-01-03T00:00:00Z' }, now)).toBe(true)
  expect(credentialsEndSoon({ ...health, credentialsExpireAt: '2025-12-03T00:00:00Z' }, now)).toBe(true)
  expect(credentialsEndSoon({ ...health, credentialsExpireAt: '2026-03-03T00:00:00Z' }, now)).toBe(false)
})
