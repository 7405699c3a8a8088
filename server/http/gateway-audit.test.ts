import { once } from 'node:events'
import type { IncomingMessage, RequestListener } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import type { AuditEntry, AuditPage } from '@/contract/audit'
import {
  call,
  eventually,
  type GatewayFixture,
  openSocket,
  type SignedIn,
  signIn,
  startFixture,
} from './gateway.fixture'

let fixture: GatewayFixture
let person: SignedIn
let api: RequestListener
const seen: IncomingMessage[] = []
const machine = '/k8s/local/apis/kubevirt.io/v1/namespaces/n/virtualmachines/m'

beforeEach(async () => {
  seen.length = 0
  fixture = await startFixture({
    api: (request, response) => {
      seen.push(request)
      api(request, response)
    },
  })
  person = await signIn(fixture)
})
afterEach(() => fixture.stop())

const answerWith = (bodies: Record<string, unknown>, status = 200): RequestListener => {
  return (request, response) => {
    request.resume().once('end', () => {
      response.writeHead(request.method === 'GET' ? 200 : status, {
        'content-type': 'application/json',
        'audit-id': 'cluster-1',
      })
      response.end(JSON.stringify(bodies[request.method ?? ''] ?? {}))
    })
  }
}
const change = (method: string, path: string, body?: string, headers = {}) =>
  call(fixture, { method, path, headers: { ...person.headers, ...headers }, ...(body === undefined ? {} : { body }) })

async function entries(query = '', headers: object = person.headers): Promise<AuditEntry[]> {
  const answer = await call(fixture, { path: `/audit?${query}`, headers: { ...headers } })
  expect(answer.status).toBe(200)
  return (JSON.parse(answer.body) as AuditPage).items
}

describe('the audit record of the gateway', () => {
  it('has one entry for a change: who, what, on which object, what was different, how it ended', async () => {
    api = answerWith({
      GET: { kind: 'VirtualMachine', metadata: { name: 'm' }, spec: { running: false } },
      PATCH: { kind: 'VirtualMachine', metadata: { name: 'm' }, spec: { running: true } },
    })
    const answer = await change('PATCH', `${machine}?fieldManager=x`, '{"spec":{"running":true}}')
    expect(answer.headers['audit-id']).toBe('cluster-1')
    const [entry, ...others] = await entries('type=call')
    expect(others).toEqual([])
    expect(entry).toMatchObject({
      type: 'call',
      person: 'admin',
      cluster: 'local',
      verb: 'patch',
      object: { group: 'kubevirt.io', resource: 'virtualmachines', namespace: 'n', name: 'm' },
      outcome: 'success',
      status: 200,
      requestId: answer.headers['x-request-id'],
      auditId: 'cluster-1',
      changes: [{ op: 'replace', path: '/spec/running', before: false, after: true }],
    })
    const [before] = seen
    expect(before?.method).toBe('GET')
    expect(before?.url).toBe('/apis/kubevirt.io/v1/namespaces/n/virtualmachines/m')
    expect(before?.headers['impersonate-user']).toBe('admin')
  })

  it('takes the name of what was created from the answer, and the words of a refusal', async () => {
    api = answerWith({ POST: { kind: 'ConfigMap', metadata: { name: 'made-x7' }, data: { a: 'b' } } }, 201)
    await change('POST', '/k8s/local/api/v1/namespaces/n/configmaps', '{"metadata":{"generateName":"made-"}}')
    api = answerWith({ DELETE: { kind: 'Status', message: 'it is protected' }, GET: { metadata: {} } }, 403)
    await change('DELETE', machine)
    const [refused, created] = await entries('type=call')
    expect(created?.object).toEqual({ group: '', resource: 'configmaps', namespace: 'n', name: 'made-x7' })
    expect(created?.changes).toContainEqual({ op: 'add', path: '/data', after: { a: 'b' } })
    expect(refused).toMatchObject({ verb: 'delete', outcome: 'refused', status: 403, message: 'it is protected' })
    expect(refused).not.toHaveProperty('changes')
  })

  it('has nothing of what changes nothing, and nothing that is secret', async () => {
    api = answerWith({
      GET: { metadata: { name: 's' }, data: { key: 'b2xk' } },
      PUT: { metadata: { name: 's' }, data: { key: 'bmV3' } },
    })
    await change('POST', '/k8s/local/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', '{}')
    await change('PATCH', `${machine}?dryRun=All`, '{}')
    await change('GET', machine)
    await change('PUT', '/k8s/local/api/v1/namespaces/n/secrets/s', '{}')
    const found = await entries('type=call')
    expect(found.map(({ verb }) => verb)).toEqual(['update'])
    expect(found[0]?.changes).toEqual([{ op: 'replace', path: '/data/key', before: '[hidden]', after: '[hidden]' }])
    expect(JSON.stringify(found)).not.toContain(person.cookie.split('=')[1])
  })

  it('does not read before the change for a program with a token', async () => {
    api = answerWith({ PATCH: { metadata: { name: 'm' } } })
    const headers = { authorization: 'Bearer theirs' }
    await call(fixture, { method: 'PATCH', path: machine, headers, body: '{}' })
    expect(seen.map(({ method }) => method)).toEqual(['PATCH'])
    expect(await entries('type=call')).toHaveLength(1)
  })

  it('lets a change go on when the object before it cannot be read', async () => {
    api = (request, response) => {
      if (request.method === 'GET') return
      answerWith({ PATCH: { metadata: { name: 'm' } } })(request, response)
    }
    expect((await change('PATCH', machine, '{}')).status).toBe(200)
    expect(await entries('type=call')).toHaveLength(1)
  })

  it('has beginning and end of a stream', async () => {
    const upstream = new WebSocketServer({ noServer: true })
    fixture.upstream.on('upgrade', (request, socket, head) => {
      upstream.handleUpgrade(request, socket, head, (server) => server.send('hello'))
    })
    const socket = openSocket(fixture, '/k8s/local/api/v1/namespaces/n/pods/p/exec?command=secret', person.headers)
    await once(socket, 'message')
    socket.close()
    await eventually(() => fixture.logged().length).toBeGreaterThan(0)
    await expect.poll(async () => (await entries('type=stream')).length, { timeout: 10_000 }).toBe(2)
    const [end, start] = await entries('type=stream')
    expect(start).toMatchObject({
      phase: 'start',
      verb: 'connect',
      status: 101,
      object: { name: 'p', subresource: 'exec' },
    })
    expect(end?.phase).toBe('end')
    expect(end?.durationMs).toBeGreaterThanOrEqual(0)
    expect(JSON.stringify([start, end])).not.toContain('secret')
  })

  it('shows others only what they may get themselves', async () => {
    api = answerWith({ PATCH: { metadata: { name: 'm' } }, GET: { metadata: { name: 'm' } } })
    await change('PATCH', machine, '{}')
    await change('PATCH', machine.replace('/n/', '/other/'), '{}')
    const asked: unknown[] = []
    const review = async (request: IncomingMessage) => {
      const { spec } = JSON.parse(await text(request)) as { spec: { resourceAttributes: { namespace: string } } }
      asked.push({ ...spec.resourceAttributes, as: request.headers.authorization })
      return JSON.stringify({ status: { allowed: spec.resourceAttributes.namespace === 'n' } })
    }
    api = (request, response) => {
      response.writeHead(201, { 'content-type': 'application/json' })
      void review(request).then((body) => response.end(body))
    }
    const found = await entries('', { authorization: 'Bearer theirs' })
    expect(found.map(({ object }) => object?.namespace)).toEqual(['n'])
    expect(found[0]).not.toHaveProperty('address')
    expect(found[0]).not.toHaveProperty('session')
    expect(asked).toContainEqual({
      verb: 'get',
      group: 'kubevirt.io',
      resource: 'virtualmachines',
      namespace: 'n',
      as: 'Bearer theirs',
    })
  })

  it('has the sign-ins, and goes out as CSV and JSON lines', async () => {
    expect((await entries('type=sign-in'))[0]).toMatchObject({ person: 'admin', outcome: 'success' })
    const csv = await call(fixture, { path: '/audit/export?format=csv', headers: person.headers })
    expect(csv.headers['content-disposition']).toBe('attachment; filename="audit.csv"')
    expect(csv.body.split('\r\n')[0]).toMatch(/^time,type,person,/)
    const lines = await call(fixture, { path: '/audit/export?format=jsonl', headers: person.headers })
    expect(JSON.parse(lines.body.trim().split('\n')[0] ?? '')).toHaveProperty('verb')
  })

  it('is for people who signed in, and understands only what it knows', async () => {
    expect((await call(fixture, { path: '/audit' })).status).toBe(401)
    for (const query of ['from=soon', 'type=all', 'cursor=1', 'cursor=..%2f..']) {
      expect((await call(fixture, { path: `/audit?${query}`, headers: person.headers })).status).toBe(400)
    }
    expect((await change('DELETE', '/audit')).status).toBe(405)
    const crossSite = { ...person.headers, origin: 'https://evil.example' }
    expect((await call(fixture, { path: '/audit', headers: crossSite })).status).toBe(403)
  })
})
