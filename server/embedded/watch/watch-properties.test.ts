import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { configMap, startTestServer, type TestServer, type WatchStream } from '../testing/start-test-server'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

type Step = { writer: number; object: string; action: 'put' | 'delete' }

const steps = fc.array(
  fc.record<Step>({
    writer: fc.integer({ min: 0, max: 2 }),
    object: fc.constantFrom('a', 'b', 'c', 'd'),
    action: fc.constantFrom('put', 'put', 'delete'),
  }),
  { minLength: 1, maxLength: 30 },
)

let run = 0

/** Rebuilds the state from a list and the events after it, until the end mark; checks order on the way. */
async function rebuild(stream: WatchStream, start: Map<string, string>, from: number): Promise<Map<string, string>> {
  const state = new Map(start)
  let last = from
  for (;;) {
    const { type, object } = await stream.next()
    const name = String(object.metadata['name'])
    const revision = Number(object.metadata['resourceVersion'])
    expect(revision).toBeGreaterThan(last)
    last = revision
    if (name === 'end') return state
    expect(type).toBe(state.has(name) ? (type === 'DELETED' ? 'DELETED' : 'MODIFIED') : 'ADDED')
    if (type === 'DELETED') state.delete(name)
    else state.set(name, String(revision))
  }
}

test('watchers that start anywhere, while several clients write, all end with the same state', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const namespace = `p${run++}`
      const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }
      await server.call('POST', '/api/v1/namespaces', { body })
      const at = `/api/v1/namespaces/${namespace}/secrets`
      const secret = (name: string, data: Record<string, string>) => ({ ...configMap(name, data), kind: 'Secret' })
      const watchers: Promise<Map<string, string>>[] = []
      const listAndWatch = async (): Promise<void> => {
        const list = (await server.call('GET', at)).json
        const from = Number(list.metadata['resourceVersion'])
        const start = new Map(
          list.items.map(({ metadata }) => [String(metadata['name']), String(metadata['resourceVersion'])]),
        )
        const stream = await server.watch(`${at}?watch=1&resourceVersion=${from}`)
        watchers.push(rebuild(stream, start, from).finally(() => stream.close()))
      }
      await listAndWatch()
      await Promise.all(
        [0, 1, 2].map(async (writer) => {
          for (const [index, step] of sequence.entries()) {
            if (step.writer !== writer) continue
            const data = { v: Buffer.from(String(index)).toString('base64') }
            if (step.action === 'delete') await server.call('DELETE', `${at}/${step.object}`)
            else {
              const created = await server.call('POST', at, { body: secret(step.object, data) })
              if (created.status === 409) {
                await server.call('PUT', `${at}/${step.object}`, { body: secret(step.object, data) })
              }
            }
            if (index % 7 === 3) await listAndWatch()
          }
        }),
      )
      const final = await server.call('GET', at)
      const expected = new Map(
        final.json.items.map(({ metadata }) => [String(metadata['name']), String(metadata['resourceVersion'])]),
      )
      await server.call('POST', at, { body: secret('end', {}) })
      for (const state of await Promise.all(watchers)) {
        expect(Object.fromEntries(state)).toEqual(Object.fromEntries(expected))
      }
    }),
    { numRuns: 15 },
  )
})
