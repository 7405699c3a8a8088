import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ManagedFieldsEntry } from './api-object'
import { configMap, startTestServer, type TestServer } from './testing/start-test-server'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

type Data = Record<string, string>

type Operation =
  | { kind: 'create'; client: string; name: string; data: Data }
  | { kind: 'merge'; client: string; name: string; patch: Record<string, string | null> }
  | { kind: 'apply'; client: string; name: string; data: Data; force: boolean }
  | { kind: 'replace'; client: string; name: string; data: Data; stale: boolean }
  | { kind: 'delete'; client: string; name: string }

interface Model {
  data: Map<string, string>
  /** Keys of data by who owns them: `alice Apply`. */
  owners: Map<string, Set<string>>
}

/** What Kubernetes' documentation says an operation does, for objects that are maps of strings. */
class Cluster {
  readonly objects = new Map<string, Model>()

  /** Whether the operation succeeds; changes the model when it does. */
  perform(operation: Operation): boolean {
    const object = this.objects.get(operation.name)
    const { client } = operation
    switch (operation.kind) {
      case 'create':
        if (object) return false
        this.#make(operation.name, `${client} Update`, operation.data)
        return true
      case 'delete':
        return this.objects.delete(operation.name)
      case 'merge':
        if (!object) return false
        change(object, `${client} Update`, operation.patch)
        return true
      case 'replace': {
        if (!object || operation.stale) return false
        const gone = [...object.data.keys()].filter((key) => !(key in operation.data))
        change(object, `${client} Update`, { ...operation.data, ...Object.fromEntries(gone.map((key) => [key, null])) })
        return true
      }
      case 'apply':
        if (!object) {
          this.#make(operation.name, `${client} Apply`, operation.data)
          return true
        }
        return apply(object, `${client} Apply`, operation)
    }
  }

  #make(name: string, owner: string, data: Data): void {
    this.objects.set(name, {
      data: new Map(Object.entries(data)),
      owners: new Map([[owner, new Set(Object.keys(data))]]),
    })
  }
}

function ownersOf({ owners }: Model, key: string): string[] {
  return [...owners].filter(([, keys]) => keys.has(key)).map(([owner]) => owner)
}

function change(object: Model, owner: string, patch: Record<string, string | null>): void {
  for (const [key, value] of Object.entries(patch)) {
    if ((value ?? undefined) === object.data.get(key)) continue
    for (const [other, keys] of object.owners) if (value === null || other !== owner) keys.delete(key)
    if (value === null) object.data.delete(key)
    else {
      object.data.set(key, value)
      object.owners.set(owner, (object.owners.get(owner) ?? new Set()).add(key))
    }
  }
}

function apply(object: Model, owner: string, { data, force }: { data: Data; force: boolean }): boolean {
  const different = Object.entries(data).filter(([key, value]) => object.data.get(key) !== value)
  const isContested = different.some(([key]) => ownersOf(object, key).some((other) => other !== owner))
  if (isContested && !force) return false
  for (const [key, value] of different) {
    for (const keys of object.owners.values()) keys.delete(key)
    object.data.set(key, value)
  }
  const before = object.owners.get(owner) ?? new Set()
  object.owners.set(owner, new Set(Object.keys(data)))
  for (const key of before) if (ownersOf(object, key).length === 0) object.data.delete(key)
  return true
}

const clients = fc.constantFrom('alice', 'bob', 'carol')
const names = fc.constantFrom('x', 'y')
const keys = fc.constantFrom('a', 'b', 'c')
const values = fc.constantFrom('1', '2')
// `k` is in all data, so that no operation is about the field that holds the keys.
const data = fc.dictionary(keys, values, { maxKeys: 3 }).map((own): Data => ({ ...own, k: '0' }))
const operations = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('create' as const), client: clients, name: names, data }),
    fc.record({
      kind: fc.constant('merge' as const),
      client: clients,
      name: names,
      patch: fc.dictionary(keys, fc.option(values), { maxKeys: 2 }),
    }),
    fc.record({ kind: fc.constant('apply' as const), client: clients, name: names, data, force: fc.boolean() }),
    fc.record({ kind: fc.constant('replace' as const), client: clients, name: names, data, stale: fc.boolean() }),
    fc.record({ kind: fc.constant('delete' as const), client: clients, name: names }),
  ),
  { minLength: 1, maxLength: 25 },
)

let run = 0

test('any sequence of creates, patches, applies, updates and deletes leaves what the documentation says', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(operations, async (sequence) => {
      const namespace = `m${run++}`
      await server.call('POST', '/api/v1/namespaces', {
        body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
      })
      const at = `/api/v1/namespaces/${namespace}/configmaps`
      const model = new Cluster()
      for (const operation of sequence) {
        const status = await request(at, operation)
        expect([operation, status < 300]).toEqual([operation, model.perform(operation)])
      }
      expect(await stateOf(at)).toEqual(expectedState(model))
    }),
    { numRuns: 60 },
  )
})

/** Sends what the operation says and returns the status. */
async function request(at: string, operation: Operation): Promise<number> {
  const { client, name } = operation
  const path = `${at}/${name}`
  const by = `fieldManager=${client}`
  const patch = (type: string, body: unknown, query = by) =>
    server.call('PATCH', `${path}?${query}`, { body, headers: { 'Content-Type': type } })
  switch (operation.kind) {
    case 'create':
      return (await server.call('POST', `${at}?${by}`, { body: configMap(name, operation.data) })).status
    case 'delete':
      return (await server.call('DELETE', path)).status
    case 'merge':
      return (await patch('application/merge-patch+json', { data: operation.patch })).status
    case 'apply': {
      const body = configMap(name, operation.data)
      return (await patch('application/apply-patch+yaml', body, `${by}&force=${operation.force}`)).status
    }
    case 'replace': {
      const resourceVersion = operation.stale
        ? '1'
        : String((await server.call('GET', path)).json.metadata['resourceVersion'] ?? '')
      const body = { ...configMap(name, operation.data), metadata: { name, resourceVersion } }
      return (await server.call('PUT', `${path}?${by}`, { body })).status
    }
  }
}

type State = Record<string, { data: Data; owners: Record<string, string[]> }>

async function stateOf(at: string): Promise<State> {
  const { items } = (await server.call('GET', at)).json
  const own = items.filter(({ metadata }) => metadata['name'] !== 'kube-root-ca.crt')
  return Object.fromEntries(
    own.map((item) => {
      // Written by the server from entries of this very shape.
      const entries = (item.metadata['managedFields'] ?? []) as ManagedFieldsEntry[]
      const owners = entries.map(({ manager, operation, fieldsV1 }): [string, string[]] => [
        `${manager} ${operation}`,
        keysOf(fieldsV1?.['f:data']),
      ])
      return [String(item.metadata['name']), { data: item['data'] as Data, owners: nonEmpty(owners) }]
    }),
  )
}

function keysOf(fields: unknown): string[] {
  return Object.keys(fields ?? {})
    .filter((key) => key !== '.')
    .map((key) => key.slice(2))
    .sort()
}

function nonEmpty(owners: [string, string[]][]): Record<string, string[]> {
  return Object.fromEntries(owners.filter(([, owned]) => owned.length > 0))
}

function expectedState({ objects }: Cluster): State {
  return Object.fromEntries(
    [...objects].map(([name, { data: values, owners }]) => [
      name,
      {
        data: Object.fromEntries(values),
        owners: nonEmpty([...owners].map(([owner, owned]) => [owner, [...owned].sort()])),
      },
    ]),
  )
}
