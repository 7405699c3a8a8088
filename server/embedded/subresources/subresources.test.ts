import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { StatusError } from '../errors/status-error'
import type { SubresourceContext, SubresourceHandler } from '../subresource-handler'
import { adminToken, startTestServer, strangerToken, type TestServer } from '../testing/start-test-server'

let server: TestServer
const calls: SubresourceContext[] = []
let opened: Duplex | undefined

const handlers: SubresourceHandler[] = [
  {
    resource: 'virtualmachines',
    subresource: 'start',
    method: 'PUT',
    handle: (context) => {
      calls.push(context)
      return Promise.resolve({ status: 202 })
    },
  },
  {
    resource: 'virtualmachineinstances',
    subresource: 'guestosinfo',
    method: 'GET',
    handle: () => Promise.resolve({ status: 200, body: { hostname: 'x' } }),
  },
  {
    resource: 'virtualmachineinstances',
    subresource: 'console',
    method: 'GET',
    open: ({ name }) => {
      if (name === 'missing') {
        return Promise.reject(
          new StatusError({
            message: 'virtualmachineinstance.kubevirt.io "missing" not found',
            reason: 'NotFound',
            code: 404,
          }),
        )
      }
      // What is written comes back.
      const there = new PassThrough()
      opened = there
      return Promise.resolve(there)
    },
  },
  {
    resource: 'virtualmachineinstances',
    subresource: 'portforward',
    method: 'GET',
    open: (context) => {
      calls.push(context)
      return Promise.resolve(new PassThrough())
    },
  },
]

beforeAll(async () => {
  server = await startTestServer({ subresources: handlers })
})
afterAll(() => server.close())

const base = (version = 'v1') => `/apis/subresources.kubevirt.io/${version}/namespaces/default`

function connect(target: string, protocols: string[] = ['plain.kubevirt.io'], token = adminToken): WebSocket {
  return new WebSocket(`ws://127.0.0.1:${server.port}${target}`, protocols, {
    headers: token === '' ? {} : { Authorization: `Bearer ${token}` },
  })
}

test('actions answer as their handler says, in both versions, and are told who asks', async () => {
  for (const version of ['v1', 'v1alpha3']) {
    const answer = await server.call('PUT', `${base(version)}/virtualmachines/web/start?x=1`, {
      body: { paused: true },
    })
    expect([answer.status, answer.text]).toEqual([202, ''])
  }
  expect(calls[0]).toMatchObject({ namespace: 'default', name: 'web', body: { paused: true }, user: { name: 'admin' } })
  const info = await server.call('GET', `${base()}/virtualmachineinstances/web/guestosinfo`)
  expect(info.json).toEqual({ hostname: 'x' })
})

test('what is wrong with a call is said', async () => {
  const target = `${base()}/virtualmachines/web/start`
  expect((await server.call('PUT', target, { headers: { Accept: 'application/json' } })).status).toBe(406)
  expect((await server.call('GET', target)).status).toBe(405)
  expect((await server.call('PUT', `${base()}/virtualmachines/web/nosuch`)).status).toBe(404)
  expect((await server.call('GET', `${base()}/virtualmachineinstances/web/console`)).status).toBe(400)
  const refused = await server.call('PUT', target, { token: strangerToken })
  expect(refused.json['message']).toBe(
    'virtualmachines.subresources.kubevirt.io "web" is forbidden: User "stranger" cannot update resource "virtualmachines/start" in API group "subresources.kubevirt.io" in the namespace "default"',
  )
})

test('they are discovered, and the version call answers', async () => {
  const list = await server.call('GET', '/apis/subresources.kubevirt.io/v1')
  const names = (list.json['resources'] as { name: string }[]).map(({ name }) => name)
  expect(names).toContain('virtualmachines/start')
  const version = await server.call('GET', '/apis/subresources.kubevirt.io/v1/version')
  expect(version.json['gitVersion']).toMatch(/^v1\.\d+\.\d+$/)
})

test('a stream carries binary frames both ways, skips text, and ends with either side', async () => {
  const socket = connect(`${base()}/virtualmachineinstances/web/console`)
  await once(socket, 'open')
  expect(socket.protocol).toBe('plain.kubevirt.io')
  expect(socket.extensions).toBe('')
  socket.send('text')
  socket.send(Buffer.from('hello'))
  const [data, isBinary] = await once(socket, 'message')
  expect([String(data), isBinary]).toEqual(['hello', true])
  socket.close()
  await expect.poll(() => opened?.destroyed, { timeout: 10_000 }).toBe(true)

  const other = connect(`${base()}/virtualmachineinstances/web/console`, [])
  await once(other, 'open')
  opened?.destroy()
  await once(other, 'close')
})

test('a side that does not take holds the other back', async () => {
  const socket = connect(`${base()}/virtualmachineinstances/web/console`)
  await once(socket, 'open')
  socket.pause()
  const chunk = Buffer.alloc(64 * 1024, 1)
  const total = 40 * 1024 * 1024
  let sent = 0
  let stalled = false
  const stream = opened as PassThrough // opened by the handshake above
  while (sent < total && !stalled) {
    sent += chunk.length
    if (stream.write(chunk)) continue
    stalled = !(await Promise.race([
      once(stream, 'drain').then(() => true),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 500)),
    ]))
  }
  expect(stalled).toBe(true)
  let received = 0
  socket.on('message', (data: Buffer) => {
    received += data.length
  })
  socket.resume()
  await expect.poll(() => received, { timeout: 10_000 }).toBe(sent)
  socket.terminate()
})

test('the port and protocol of a forward reach its handler', async () => {
  const socket = connect(`${base()}/virtualmachineinstances/web/portforward/22/tcp`)
  await once(socket, 'open')
  expect(calls.at(-1)).toMatchObject({ name: 'web', rest: '22/tcp' })
  socket.terminate()
})

test('a token may come in a subprotocol, and refusals come before the upgrade', async () => {
  const carried = `base64url.bearer.authorization.k8s.io.${Buffer.from(adminToken).toString('base64url')}`
  const socket = connect(`${base()}/virtualmachineinstances/web/console`, ['plain.kubevirt.io', carried], '')
  await once(socket, 'open')
  expect(socket.protocol).toBe('plain.kubevirt.io')
  socket.terminate()

  for (const [target, token, status] of [
    ['virtualmachineinstances/missing/console', adminToken, 404],
    ['virtualmachineinstances/web/console', '', 403],
    ['virtualmachineinstances/web/console', strangerToken, 403],
    ['virtualmachineinstances/web/guestosinfo', adminToken, 400],
  ] as const) {
    const refused = connect(`${base()}/${target}`, [], token)
    refused.on('error', () => {})
    const [, response] = await once(refused, 'unexpected-response')
    expect([target, response.statusCode]).toEqual([target, status])
  }
})
