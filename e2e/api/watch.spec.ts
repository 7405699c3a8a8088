import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Watch } from './support/api-client'
import { configMap, failure, ok, randomName, useApi } from './support/suite'

/** Kubernetes API concepts: efficient detection of changes. */
const api = useApi('watch')
const { client } = api
const maps = api.in('configmaps')

type Query = Record<string, string | number | boolean | undefined>

/** Watches objects of one label; closes when done. */
async function watching<T>(query: Query, body: (watch: Watch) => Promise<T>): Promise<T> {
  const watch = await client.watch(maps, { query })
  try {
    return await body(watch)
  } finally {
    watch.close()
  }
}

function newSet() {
  const set = randomName('set')
  return { set, labelSelector: `set=${set}`, make: (name: string, data = {}) => configMap(name, data, { set }) }
}

const version = async (query: Query = {}) => ok(await client.get(maps, { query })).metadata.resourceVersion

describe('a watch', () => {
  test('from a version tells every later change, once and in order', async () => {
    const { set, labelSelector, make } = newSet()
    const resourceVersion = await version()
    const [a, b] = [`${set}-a`, `${set}-b`]
    ok(await client.create(maps, make(a)))
    ok(await client.create(maps, make(b)))
    await watching({ labelSelector, resourceVersion }, async (watch) => {
      ok(await client.patch(`${maps}/${a}`, 'merge', { data: { x: '1' } }))
      ok(await client.delete(`${maps}/${b}`))
      expect(await watch.changes(4)).toEqual([`ADDED ${a}`, `ADDED ${b}`, `MODIFIED ${a}`, `DELETED ${b}`])
    })
  })

  test('goes on from the version of any event', async () => {
    const { set, labelSelector, make } = newSet()
    const resourceVersion = await version()
    const name = `${set}-a`
    ok(await client.create(maps, make(name)))
    ok(await client.patch(`${maps}/${name}`, 'merge', { data: { x: '1' } }))
    const first = await watching({ labelSelector, resourceVersion }, (watch) => watch.next())
    const after = first.object.metadata.resourceVersion
    await watching({ labelSelector, resourceVersion: after }, async (watch) => {
      const { type, object } = await watch.next()
      expect([type, object.data]).toEqual(['MODIFIED', { x: '1' }])
    })
  })

  test('without a version tells what is there first, then changes', async () => {
    const { set, labelSelector, make } = newSet()
    ok(await client.create(maps, make(`${set}-a`)))
    for (const resourceVersion of [undefined, '0']) {
      await watching({ labelSelector, resourceVersion }, async (watch) => {
        expect(await watch.changes(1)).toEqual([`ADDED ${set}-a`])
        ok(await client.patch(`${maps}/${set}-a`, 'merge', { data: { x: randomName('x') } }))
        expect(await watch.changes(1)).toEqual([`MODIFIED ${set}-a`])
      })
    }
  })

  test('of a deletion shows the last state at the version of the deletion', async () => {
    const { set, labelSelector, make } = newSet()
    const made = ok(await client.create(maps, make(`${set}-a`, { x: '1' })))
    await watching({ labelSelector, resourceVersion: made.metadata.resourceVersion }, async (watch) => {
      ok(await client.delete(`${maps}/${set}-a`))
      const { type, object } = await watch.next()
      expect([type, object.data]).toEqual(['DELETED', { x: '1' }])
      expect(Number(object.metadata.resourceVersion)).toBeGreaterThan(Number(made.metadata.resourceVersion))
    })
  })

  test('takes objects that come to match as added and those that no longer do as deleted', async () => {
    const { set, labelSelector, make } = newSet()
    const made = ok(await client.create(maps, make(`${set}-a`)))
    await watching({ labelSelector, resourceVersion: made.metadata.resourceVersion }, async (watch) => {
      ok(await client.patch(`${maps}/${set}-a`, 'merge', { metadata: { labels: { set: 'other' } } }))
      ok(await client.patch(`${maps}/${set}-a`, 'merge', { data: { hidden: '1' } }))
      ok(await client.patch(`${maps}/${set}-a`, 'merge', { metadata: { labels: { set } } }))
      expect(await watch.changes(2)).toEqual([`DELETED ${set}-a`, `ADDED ${set}-a`])
    })
  })

  test('can be of a single object by its name', async () => {
    const { set, make } = newSet()
    const resourceVersion = await version()
    await watching({ fieldSelector: `metadata.name=${set}-b`, resourceVersion }, async (watch) => {
      ok(await client.create(maps, make(`${set}-a`)))
      ok(await client.create(maps, make(`${set}-b`)))
      expect(await watch.changes(1)).toEqual([`ADDED ${set}-b`])
    })
  })

  test('ends when its time is up, without an error', async () => {
    const started = Date.now()
    const watch = await client.watch(maps, { query: { timeoutSeconds: 1, resourceVersion: await version() } })
    await watch.ended
    expect(Date.now() - started).toBeLessThan(10_000)
  })

  test('that selects by what cannot be selected by is refused before it begins', async () => {
    const watch = await client.watch(maps, { query: { fieldSelector: 'data.a=1' } })
    expect(watch.status).toBe(400)
    watch.close()
  })
})

describe('bookmarks', () => {
  test('end the initial state of a watch-list, with its version', async () => {
    const { set, labelSelector, make } = newSet()
    ok(await client.create(maps, make(`${set}-a`)))
    ok(await client.create(maps, make(`${set}-b`)))
    const query = {
      labelSelector,
      sendInitialEvents: true,
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: true,
    }
    const end = await watching(query, async (watch) => {
      const events = [await watch.next(), await watch.next(), await watch.next()]
      expect(events.map(({ type }) => type)).toEqual(['ADDED', 'ADDED', 'BOOKMARK'])
      expect(
        events
          .slice(0, 2)
          .map(({ object }) => object.metadata.name)
          .sort(),
      ).toEqual([`${set}-a`, `${set}-b`])
      return events[2]
    })
    expect(end?.object).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' })
    expect(end?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' })
    const resourceVersion = end?.object.metadata.resourceVersion
    ok(await client.create(maps, make(`${set}-c`)))
    await watching({ labelSelector, resourceVersion }, async (watch) => {
      expect(await watch.changes(1)).toEqual([`ADDED ${set}-c`])
    })
  })

  test('need a match that says how old the state may be', async () => {
    const { status, json } = await client.get(maps, {
      query: { watch: true, sendInitialEvents: true, timeoutSeconds: 1 },
    })
    expect(status).toBe(422)
    expect(json).toMatchObject(failure(422, 'Invalid'))
    expect(json.message).toContain('sendInitialEvents')
    const match = await client.get(maps, {
      query: { watch: true, resourceVersionMatch: 'NotOlderThan', resourceVersion: '1', timeoutSeconds: 1 },
    })
    expect(match.status).toBe(422)
  })

  test('do not come to whom did not ask for them', async () => {
    const { set, labelSelector, make } = newSet()
    const resourceVersion = await version()
    await watching({ labelSelector, resourceVersion }, async (watch) => {
      await wait(500)
      ok(await client.create(maps, make(`${set}-a`)))
      expect((await watch.next()).type).toBe('ADDED')
    })
  })
})

describe('versions', () => {
  test('that are too old end a watch with 410 Gone', async (context) => {
    const watch = await client.watch(maps, { query: { resourceVersion: '1', timeoutSeconds: 5 } })
    let gone: unknown
    if (watch.status === 410) gone = failure(410, 'Expired')
    else {
      const event = await watch.next(4_000).catch(() => undefined)
      watch.close()
      if (event?.type !== 'ERROR') return context.skip('this server still knows its first version')
      gone = event.object
    }
    expect(gone).toMatchObject({ kind: 'Status', code: 410, reason: expect.stringMatching(/^(Expired|Gone)$/) })
  })

  test('that are none are refused', async () => {
    const { status } = await client.get(maps, { query: { watch: true, resourceVersion: 'abc', timeoutSeconds: 1 } })
    expect(status).toBe(400)
  })
})

test('many watchers see the same', async () => {
  const { set, labelSelector, make } = newSet()
  const resourceVersion = await version()
  const watches = await Promise.all(
    Array.from({ length: 20 }, () => client.watch(maps, { query: { labelSelector, resourceVersion } })),
  )
  const names = Array.from({ length: 10 }, (_, index) => `${set}-${index}`)
  for (const name of names) ok(await client.create(maps, make(name)))
  for (const watch of watches) {
    expect(await watch.changes(names.length)).toEqual(names.map((name) => `ADDED ${name}`))
    watch.close()
  }
})

test('a watch of all namespaces tells of each', async () => {
  const { set, labelSelector, make } = newSet()
  const watch = await client.watch('/api/v1/configmaps', { query: { labelSelector } })
  ok(await client.create(maps, make(set)))
  const { object } = await watch.change()
  watch.close()
  expect(object.metadata).toMatchObject({ name: set, namespace: api.namespace })
})
