import http from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  adminToken,
  configMap,
  configMaps,
  startTestServer,
  type TestServer,
  type WatchStream,
} from '../testing/start-test-server'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

let number = 0
let name: string
beforeEach(() => {
  name = `w${number++}`
})

const create = (suffix: string, labels?: Record<string, string>) =>
  server.call('POST', configMaps, { body: configMap(`${name}-${suffix}`, {}, { group: name, ...labels }) })
const label = (suffix: string, labels: Record<string, string | null>) =>
  server.call('PATCH', `${configMaps}/${name}-${suffix}`, {
    body: { metadata: { labels } },
    headers: { 'Content-Type': 'application/merge-patch+json' },
  })
const now = async () => String((await server.call('GET', configMaps)).json.metadata['resourceVersion'])

async function take(stream: WatchStream, count: number): Promise<string[]> {
  const events: string[] = []
  for (let index = 0; index < count; index++) {
    const { type, object } = await stream.next()
    events.push(`${type} ${String(object.metadata['name'] ?? '')}`.trim())
  }
  return events
}

describe('a watch', () => {
  test('from a revision tells what happened after it and then what happens', async () => {
    await create('a')
    const from = await now()
    await create('b')
    await server.call('DELETE', `${configMaps}/${name}-a`)
    const stream = await server.watch(`${configMaps}?watch=1&resourceVersion=${from}`)
    await create('c')
    expect(await take(stream, 3)).toEqual([`ADDED ${name}-b`, `DELETED ${name}-a`, `ADDED ${name}-c`])
    stream.close()
  })

  test('without a revision begins with what is there', async () => {
    await create('a')
    const stream = await server.watch(`${configMaps}?watch=true&labelSelector=group%3D${name}`)
    await create('b')
    expect(await take(stream, 2)).toEqual([`ADDED ${name}-a`, `ADDED ${name}-b`])
    stream.close()
  })

  test('by selector sees objects come and go as they are selected', async () => {
    const from = await now()
    const query = `watch=1&resourceVersion=${from}&labelSelector=group%3D${name},on`
    const stream = await server.watch(`${configMaps}?${query}`)
    await create('a')
    await label('a', { on: '1' })
    await label('a', { other: 'x' })
    const gone = await label('a', { on: null })
    await label('a', { other: 'y' })
    await create('b', { on: '1' })
    const events = [await stream.next(), await stream.next(), await stream.next(), await stream.next()]
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED', 'ADDED'])
    // Its last selected state, at the revision at which it ceased to be.
    expect(events[2]?.object.metadata).toMatchObject({
      labels: { on: '1' },
      resourceVersion: gone.json.metadata['resourceVersion'],
    })
    // The same from history, for one who comes late.
    const late = await server.watch(`${configMaps}?${query}`)
    expect([await late.next(), await late.next(), await late.next(), await late.next()]).toEqual(events)
    stream.close()
    late.close()
  })

  test('by field selector follows one object', async () => {
    const stream = await server.watch(`${configMaps}?watch=1&fieldSelector=metadata.name%3D${name}-b`)
    await create('a')
    await create('b')
    expect(await take(stream, 1)).toEqual([`ADDED ${name}-b`])
    stream.close()
  })

  test('as a list announces where the list ends', async () => {
    await create('a')
    const stream = await server.watch(
      `${configMaps}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=group%3D${name}`,
    )
    expect(await take(stream, 1)).toEqual([`ADDED ${name}-a`])
    const { type, object } = await stream.next()
    expect({ type, annotations: object.metadata['annotations'] }).toEqual({
      type: 'BOOKMARK',
      annotations: { 'k8s.io/initial-events-end': 'true' },
    })
    expect(object.metadata['resourceVersion']).toBe(await now())
    stream.close()
    const refused = await server.call('GET', `${configMaps}?watch=1&sendInitialEvents=true`)
    expect(refused.status).toBe(422)
  })

  test('in the form of tables carries rows', async () => {
    const stream = await server.watch(`${configMaps}?watch=1&labelSelector=group%3D${name}`, {
      Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
    })
    await create('a')
    const { type, object } = await stream.next()
    expect(type).toBe('ADDED')
    expect(object).toMatchObject({ kind: 'Table', rows: [{ cells: [`${name}-a`, 0, '0s'] }] })
    stream.close()
  })

  test('ends when its time is up', async () => {
    const stream = await server.watch(`${configMaps}?watch=1&timeoutSeconds=1`)
    await stream.ended
    expect(stream.status).toBe(200)
  })
})

test('a client that does not read gets every event later, without the server keeping them', async () => {
  const slow = await startTestServer()
  try {
    const from = (await slow.call('GET', configMaps)).json.metadata['resourceVersion']
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      http
        .get(
          `${slow.url}${configMaps}?watch=1&resourceVersion=${String(from)}`,
          { headers: { Authorization: `Bearer ${adminToken}` } },
          resolve,
        )
        .on('error', reject)
    })
    response.pause()
    const count = 150
    for (let index = 0; index < count; index++) {
      await slow.call('POST', configMaps, { body: configMap(`c${index}`, { a: 'x'.repeat(60_000) }) })
    }
    const seen: string[] = []
    let rest = ''
    response.setEncoding('utf8')
    await new Promise<void>((resolve) => {
      response.on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) seen.push(JSON.parse(line).object.metadata.name)
        if (seen.length >= count) resolve()
      })
      response.resume()
    })
    expect(seen).toEqual(Array.from({ length: count }, (_, index) => `c${index}`))
    response.destroy()
  } finally {
    await slow.close()
  }
})
