import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { configMap, configMaps, startTestServer, type TestServer } from './testing/start-test-server'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

/** Bytes in use on the heap, garbage aside. */
async function heapInUse(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new Error('this Node has no garbage collector to call')
  // What closed connections and timers held is let go a few turns later.
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    collect()
  }
  return process.memoryUsage().heapUsed
}

async function work(rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const path = `${configMaps}/one`
    const body = configMap('one', { round: String(round), filling: 'x'.repeat(20_000) })
    await Promise.all([
      server.call('PUT', path, { body }),
      server.call('GET', path),
      server.call('GET', `${configMaps}?limit=1`),
      server.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes: { verb: 'get', resource: 'pods' } },
        },
      }),
    ])
    const watch = await server.watch(`${configMaps}?watch=1&timeoutSeconds=1`)
    watch.close()
  }
}

test('reads, writes and watches leave nothing behind in memory', async () => {
  await server.call('POST', configMaps, { body: configMap('one') })
  await work(60)
  const before = await heapInUse()
  await work(160)
  const grown = (await heapInUse()) - before
  // One answer of twenty kilobytes kept in each round would be more.
  expect(grown).toBeLessThan(2_500_000)
}, 60_000)
