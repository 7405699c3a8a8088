import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { configMap, configMaps, startTestServer } from '../testing/start-test-server'
import { FlowControl, standardLimits } from './flow-control'

const person = (name: string) => ({ name, groups: [] })

test('a person has so many watches and no more; the engine has what it needs', () => {
  const flow = new FlowControl({ ...standardLimits, watchesPerUser: 2, watches: 3 })
  const release = flow.admitWatch(person('a'))
  flow.admitWatch(person('a'))
  expect(() => flow.admitWatch(person('a'))).toThrow('too many requests')
  flow.admitWatch(person('b'))
  expect(() => flow.admitWatch(person('c'))).toThrow('too many requests')
  flow.admitWatch(person('system:chiave:engine'))
  release()
  release()
  flow.admitWatch(person('c'))
  expect(() => flow.admitWatch(person('a'))).toThrow('too many requests')
})

test('large lists take turns, one person after the other', async () => {
  const flow = new FlowControl({ ...standardLimits, listsPerUser: 1, lists: 1 })
  const order: string[] = []
  const release = await flow.admitList(person('a'))
  const ask = async (name: string) => {
    const end = await flow.admitList(person(name))
    order.push(name)
    await sleep(1)
    end()
  }
  const asked = ['a', 'a', 'a', 'b', 'c', 'b'].map(ask)
  release()
  await Promise.all(asked)
  expect(order).toEqual(['a', 'b', 'c', 'a', 'b', 'a'])
})

test('who waits too long, or has too many waiting, is told to come back', async () => {
  const flow = new FlowControl({ ...standardLimits, listsPerUser: 1, lists: 1, waitingPerUser: 1, patience: 20 })
  await flow.admitList(person('a'))
  const waiting = flow.admitList(person('a'))
  await expect(flow.admitList(person('a'))).rejects.toThrow('too many requests')
  await expect(waiting).rejects.toMatchObject({
    status: { code: 429, reason: 'TooManyRequests', details: { retryAfterSeconds: 1 } },
  })
})

test('the API answers 429 with Retry-After beyond the limit, and goes on when watches end', async () => {
  const server = await startTestServer({ flowLimits: { ...standardLimits, watchesPerUser: 1 } })
  try {
    const first = await server.watch(`${configMaps}?watch=1`)
    const refused = await server.call('GET', `${configMaps}?watch=1`)
    expect(refused).toMatchObject({ status: 429, headers: { 'retry-after': '1' } })
    expect(refused.json['reason']).toBe('TooManyRequests')
    expect((await server.call('POST', configMaps, { body: configMap('a') })).status).toBe(201)
    first.close()
    await expect.poll(async () => (await server.watch(`${configMaps}?watch=1&timeoutSeconds=1`)).status).toBe(200)
  } finally {
    await server.close()
  }
})
