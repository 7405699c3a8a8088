import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startTestServer, type TestServer } from '../testing/start-test-server'

const core = '/api/v1/namespaces/default'
const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases'
let server: TestServer
let time = Date.parse('2030-01-01T00:00:00Z')

beforeEach(async () => {
  // Only what comes round regularly is moved by hand: sockets and the database take the time they take.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  server = await startTestServer({ clock: { now: () => new Date(time) }, caCertificate: 'PEM' })
})
afterEach(async () => {
  await server.close()
  vi.useRealTimers()
})

function event(name: string) {
  const involvedObject = { kind: 'ConfigMap', namespace: 'default', name: 'x', apiVersion: 'v1' }
  return { apiVersion: 'v1', kind: 'Event', metadata: { name }, involvedObject, reason: 'Tested', type: 'Normal' }
}

async function passTime(minutes: number): Promise<void> {
  time += minutes * 60_000
  await vi.advanceTimersByTimeAsync(60_000)
}

const names = async (path: string) =>
  (await server.call('GET', path)).json.items.map(({ metadata }) => metadata['name']).sort()

describe('an event', () => {
  test('is gone an hour after it was last written to, and no sooner', async () => {
    for (const name of ['quiet', 'repeated']) await server.call('POST', `${core}/events`, { body: event(name) })
    await passTime(50)
    expect(await names(`${core}/events`)).toEqual(['quiet', 'repeated'])
    await server.call('PATCH', `${core}/events/repeated`, {
      body: { count: 2 },
      headers: { 'Content-Type': 'application/merge-patch+json' },
    })
    const watch = await server.watch(`${core}/events?watch=true`)
    await passTime(20)
    await expect.poll(() => names(`${core}/events`), { timeout: 10_000 }).toEqual(['repeated'])
    await passTime(50)
    await expect.poll(() => names(`${core}/events`), { timeout: 10_000 }).toEqual([])
    const seen = [await watch.next(), await watch.next(), await watch.next(), await watch.next()]
    expect(seen.map(({ type, object }) => `${type} ${String(object.metadata['name'])}`)).toEqual([
      'ADDED quiet',
      'ADDED repeated',
      'DELETED quiet',
      'DELETED repeated',
    ])
    watch.close()
  })
})

describe('a lease', () => {
  const lease = (holder: string, more: object = {}) => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'leader', ...more },
    spec: { holderIdentity: holder, leaseDurationSeconds: 15, renewTime: '2030-01-01T00:00:00.000000Z' },
  })

  test('is taken by one of two who try, and renewed by the one who knows its version', async () => {
    const tries = await Promise.all(['a', 'b'].map((holder) => server.call('POST', leases, { body: lease(holder) })))
    expect(tries.map(({ status }) => status).sort()).toEqual([201, 409])
    const { metadata } = (await server.call('GET', `${leases}/leader`)).json
    const { resourceVersion } = metadata
    const renew = () => server.call('PUT', `${leases}/leader`, { body: lease('c', { resourceVersion }) })
    const renewals = await Promise.all([renew(), renew()])
    expect(renewals.map(({ status }) => status).sort()).toEqual([200, 409])
    expect((await server.call('GET', `${leases}/leader`)).json['spec']).toMatchObject({ holderIdentity: 'c' })
  })
})

describe('a namespace', () => {
  test('gets a service account and the authority’s certificate, and gets them back', async () => {
    await server.call('POST', '/api/v1/namespaces', {
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'fresh' } },
    })
    for (const path of ['serviceaccounts/default', 'configmaps/kube-root-ca.crt']) {
      const target = `/api/v1/namespaces/fresh/${path}`
      const uid = async () => (await server.call('GET', target)).json.metadata?.['uid']
      await expect.poll(uid, { timeout: 10_000 }).toBeTruthy()
      const first = await uid()
      expect((await server.call('DELETE', target)).status).toBe(200)
      await expect.poll(uid, { timeout: 10_000 }).toBeTruthy()
      expect(await uid()).not.toBe(first)
    }
  })
})
