import net from 'node:net'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { collections, fields, kindOf, methods, paths, queries, shaped, types } from './testing/fuzz-values'
import {
  type Answer,
  adminToken,
  configMap,
  configMaps,
  startTestServer,
  type TestServer,
  virtualMachine,
  virtualMachines,
} from './testing/start-test-server'

/** More runs find more: `FUZZ_RUNS=5000 npx vitest run server/embedded/fuzz.test.ts`. */
const runs = Number(process.env['FUZZ_RUNS'] ?? 60)
const quick = { numRuns: runs }
const unexpected: unknown[] = []

let server: TestServer

beforeAll(async () => {
  server = await startTestServer({
    log: {
      ...Object.fromEntries(['trace', 'debug', 'info', 'warn'].map((level) => [level, () => {}])),
      error: (details: unknown) => unexpected.push(details),
    } as never, // the log's other methods are not called
  })
  await server.call('POST', configMaps, { body: configMap('target', { a: '1' }) })
  await server.call('POST', virtualMachines, { body: virtualMachine('target') })
})
afterAll(() => server.close())

/** Kubernetes itself answers these with 500. */
const documented =
  /resourceVersion should not be set|strconv\.ParseUint|invalid syntax|unknown patch type|expected objects in the list|the patch is not an object|merge key|\$patch|\$setElementOrder|\$retainKeys|\$deleteFromPrimitiveList|field not declared in schema|failed to create typed patch object|without impersonating a user/i

/** What the server logged of a failure. */
function messageOf(details: unknown): string {
  const error = typeof details === 'object' && details !== null && 'err' in details ? details.err : details
  return error instanceof Error ? error.message : inspect(error)
}

function check(answer: Answer, what: unknown): void {
  if (answer.status < 500) return
  // The answer to a HEAD has no body that would say it.
  const message = String(answer.json['message'] ?? messageOf(unexpected.at(-1)))
  if (documented.test(message)) return
  throw new Error(
    `${answer.status} ${message} to ${JSON.stringify(what).slice(0, 2000)}\n${inspect(unexpected.at(-1))}`,
  )
}

async function isHealthy(): Promise<void> {
  expect((await server.call('GET', '/healthz')).status).toBe(200)
  expect((await server.call('GET', `${configMaps}/target`)).status).toBe(200)
}

describe('whatever is sent', () => {
  test('bytes that are no HTTP end their connection and nothing else', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ maxLength: 400 }),
          fc.string({ maxLength: 300 }).map((text) => Buffer.from(`GET ${text} HTTP/1.1\r\n${text}\r\n\r\n`)),
          fc
            .string({ maxLength: 300 })
            .map((text) =>
              Buffer.from(`POST ${configMaps} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${text}\r\n`),
            ),
        ),
        async (bytes) => {
          await new Promise<void>((resolve) => {
            const socket = net.connect(server.port, '127.0.0.1', () => socket.end(bytes))
            socket.on('error', () => {}).on('close', () => resolve())
            socket.resume().setTimeout(200, () => socket.destroy())
          })
        },
      ),
      quick,
    )
    await isHealthy()
  })

  test('paths, queries and headers get an answer', { timeout: 120_000 }, async () => {
    const headers = fc.dictionary(
      fc.constantFrom(
        'Accept',
        'Content-Type',
        'Accept-Encoding',
        'Impersonate-User',
        'Impersonate-Group',
        'Authorization',
        'If-None-Match',
        'Range',
      ),
      fc.oneof(
        fc.constantFrom(
          'application/json;as=Table;v=v1;g=meta.k8s.io',
          'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
          'application/yaml',
          '*/*',
          'gzip',
          'Bearer x',
          'Basic x',
          ';;;,,,q=',
          'bytes=-',
        ),
        fc.stringMatching(/^[ -~]{0,40}$/),
      ),
      { maxKeys: 3 },
    )
    await fc.assert(
      fc.asyncProperty(methods, paths, queries, headers, async (method, path, query, sent) => {
        // A deletion of everything would leave nothing to test with.
        fc.pre(method !== 'DELETE' || !path.includes('target'))
        const target = encodeURI(path).replaceAll('%25', '%') + (query === '' ? '' : `?${query}&dryRun=All`)
        check(await server.call(method, target, { headers: sent }), { method, target, sent })
      }),
      { numRuns: runs * 4 },
    )
    await isHealthy()
  })

  test('bodies of every type, well formed or not, get an answer', { timeout: 120_000 }, async () => {
    const bodies = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.concat([Buffer.from('k8s\0'), bytes])),
      fc.string({ maxLength: 300, unit: 'binary' }).map((text) => Buffer.from(text)),
      fc.stringMatching(/^[-a-z0-9:{}[\],&*!|>?% #"'\n]{0,200}$/).map((text) => Buffer.from(text)),
      shaped.map((value) => Buffer.from(JSON.stringify(value) ?? '')),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('POST', 'PUT', 'PATCH'),
        collections,
        types,
        bodies,
        async (method, path, type, body) => {
          const target = method === 'POST' ? path : `${path}/target`
          check(await server.call(method, `${target}?dryRun=All`, { body, headers: { 'Content-Type': type } }), {
            method,
            target,
            type,
            body: body.toString('latin1'),
          })
        },
      ),
      { numRuns: runs * 6 },
    )
    await isHealthy()
  })

  test('objects of every kind with any fields are stored or refused', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        collections,
        fc.dictionary(fc.constantFrom(...fields), shaped, { maxKeys: 5 }),
        fc.option(shaped, { nil: undefined }),
        async (path, rest, metadata) => {
          const named = typeof metadata === 'object' && metadata !== null ? metadata : {}
          const body = { ...rest, ...kindOf(path), metadata: { generateName: 'fuzz-', ...named } }
          check(await server.call('POST', path, { body }), { path, body })
        },
      ),
      { numRuns: runs * 6 },
    )
    await isHealthy()
    // What was stored is served in every form.
    for (const accept of ['application/json', 'application/json;as=Table;v=v1;g=meta.k8s.io', 'application/yaml']) {
      for (const plural of [
        'configmaps',
        'services',
        'resourcequotas',
        'limitranges',
        'persistentvolumeclaims',
        'events',
      ]) {
        const listed = await server.call('GET', `/api/v1/${plural}`, { headers: { Accept: accept } })
        expect(listed.status, `${plural} as ${accept}: ${listed.text.slice(0, 300)}`).toBe(200)
      }
    }
  })

  test('patches of every type are applied whole or refused', { timeout: 120_000 }, async () => {
    const operation = fc.record(
      {
        op: fc.oneof(fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'), fc.string({ maxLength: 5 })),
        path: fc.oneof(
          fc.constantFrom(
            '',
            '/',
            '/metadata',
            '/metadata/name',
            '/data',
            '/data/a',
            '/data/-',
            '/spec',
            '/__proto__/x',
            '/metadata/labels/-1',
          ),
          fc.string({ maxLength: 20 }),
        ),
        from: fc.constantFrom('', '/metadata', '/data', '/spec', '/nothing'),
        value: shaped,
      },
      { requiredKeys: ['op', 'path'] },
    )
    const patches = fc.oneof(
      fc.tuple(fc.constant('application/json-patch+json'), fc.array(operation, { maxLength: 4 })),
      fc.tuple(fc.constantFrom('application/merge-patch+json', 'application/strategic-merge-patch+json'), shaped),
      fc.tuple(
        fc.constant('application/apply-patch+yaml'),
        fc.dictionary(fc.constantFrom(...fields), shaped, { maxKeys: 5 }),
      ),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(configMaps, virtualMachines, '/api/v1/namespaces/default/services', '/api/v1/nodes'),
        fc.constantFrom('/target', '/target/status', '/fresh'),
        patches,
        async (path, name, [type, patch]) => {
          const apply = type === 'application/apply-patch+yaml'
          const body = apply ? { ...(patch as object), ...kindOf(path) } : patch // a dictionary
          const query = apply ? '?fieldManager=fuzz&force=true' : ''
          const headers = { 'Content-Type': type }
          check(await server.call('PATCH', path + name + query, { body: JSON.stringify(body), headers }), {
            path,
            type,
            body,
          })
        },
      ),
      { numRuns: runs * 6 },
    )
    await isHealthy()
  })

  test('a JSON patch cannot grow an object without end', async () => {
    await server.call('POST', configMaps, { body: configMap('grow', { a: 'x'.repeat(1000) }) })
    const doubling = Array.from({ length: 40 }, (_, index) => ({ op: 'copy', from: '', path: `/copy${index}` }))
    const headers = { 'Content-Type': 'application/json-patch+json' }
    const answer = await server.call('PATCH', `${configMaps}/grow`, { body: doubling, headers })
    expect(answer.json).toMatchObject({
      code: 422,
      details: { causes: [{ message: expect.stringMatching(/^Unable to copy, the accumulated size/) }] },
    })
    const many = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/kind', value: 'ConfigMap' }))
    const tooMany = await server.call('PATCH', `${configMaps}/grow`, { body: many, headers })
    expect(tooMany.json).toMatchObject({
      code: 413,
      message: 'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    })
    await isHealthy()
  })

  test('a head that is too long is refused', async () => {
    const long = await server.call('GET', `${configMaps}?labelSelector=${'a'.repeat(100_000)}`)
    expect(long.status).toBe(431)
    await isHealthy()
  })

  test('a body that never ends, or never comes, harms nobody else', async () => {
    const socket = net.connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(
      `POST ${configMaps} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${adminToken}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
    )
    await isHealthy()
    socket.destroy()
    await isHealthy()
  })

  test('nothing of it was an accident', () => {
    const accidents = unexpected.filter((details) => !documented.test(messageOf(details)))
    expect(inspect(accidents.at(0))).toBe('undefined')
  })
})
