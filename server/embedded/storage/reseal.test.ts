import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createCipher } from './cipher'
import { ObjectStore } from './object-store'

const [first, second, third] = [1, 2, 3].map((byte) => Buffer.alloc(32, byte)) as [Buffer, Buffer, Buffer] // three of three
let directory: string
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'chiave-reseal-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const open = (key: Buffer, ...older: Buffer[]) =>
  new ObjectStore({
    path: path.join(directory, 'state.db'),
    cipher: createCipher(key, older),
    sealed: new Set(['secrets']),
    now: Date.now,
  })
const key = (name: string) => ({ resource: 'secrets', namespace: 'default', name })
const put = (store: ObjectStore, name: string) =>
  store.write(() => ({
    change: { key: key(name), type: 'put', labels: undefined, body: Buffer.from(`{"of":"${name}"}`) },
    value: undefined,
  }))
const read = (store: ObjectStore, name: string) => store.get(key(name))?.body.toString()

test('a state goes under a new key while it is used, and then needs the old one no more', async () => {
  const before = open(first)
  await Promise.all(Array.from({ length: 450 }, (_, number) => put(before, `s${number}`)))
  const sealed = readFileSync(path.join(directory, 'state.db'))
  before.close()

  const during = open(second, first)
  expect(read(during, 's7')).toBe('{"of":"s7"}')
  const running = during.reseal()
  await put(during, 'meanwhile')
  expect(await running).toBe(450)
  expect(await during.reseal()).toBe(0)
  during.close()

  const after = open(second)
  for (const name of ['s0', 's7', 's449', 'meanwhile']) expect(read(after, name)).toBe(`{"of":"${name}"}`)
  after.close()
  expect(() => open(first)).toThrow('encrypted with another key')
  expect(readFileSync(path.join(directory, 'state.db')).equals(sealed)).toBe(false)
})

test('what was broken off is taken up again with the keys of both', async () => {
  const before = open(first)
  await Promise.all(Array.from({ length: 450 }, (_, number) => put(before, `s${number}`)))
  before.close()
  const during = open(second, first)
  const running = during.reseal()
  during.close()
  expect(await running).toBeUndefined()

  const again = open(third, second, first)
  expect(read(again, 's0')).toBe('{"of":"s0"}')
  expect(read(again, 's449')).toBe('{"of":"s449"}')
  expect(await again.reseal()).toBe(450)
  again.close()
  const after = open(third)
  expect(read(after, 's449')).toBe('{"of":"s449"}')
  after.close()
})
