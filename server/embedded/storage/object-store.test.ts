import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createCipher } from './cipher'
import type { LogEntry } from './log-entry'
import { ObjectStore } from './object-store'

let directory: string
let store: ObjectStore

function open(key = Buffer.alloc(32, 1)): ObjectStore {
  return new ObjectStore({
    path: path.join(directory, 'state.db'),
    cipher: createCipher(key),
    sealed: new Set(['secrets']),
    now: () => 1000,
  })
}

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'chiave-store-'))
  store = open()
})
afterEach(() => {
  store.close()
  rmSync(directory, { recursive: true, force: true })
})

function put(name: string, text: string, resource = 'things', labels?: Record<string, string>): Promise<number> {
  return store.write((revision) => ({
    change: { key: { resource, namespace: 'n', name }, type: 'put', labels, body: Buffer.from(text) },
    value: revision,
  }))
}

function remove(name: string): Promise<number> {
  return store.write((revision) => ({
    change: {
      key: { resource: 'things', namespace: 'n', name },
      type: 'delete',
      labels: undefined,
      body: Buffer.from('gone'),
    },
    value: revision,
  }))
}

function state(revision?: number): Record<string, string> {
  const pointers = store.snapshot({ resource: 'things', ...(revision === undefined ? {} : { revision }) })
  return Object.fromEntries(pointers.map((pointer) => [pointer.name, String(store.entry(pointer.revision)?.body)]))
}

describe('writing', () => {
  test('gives each change the next revision, whether alone or in a group', async () => {
    expect(await put('a', '1')).toBe(1)
    expect(await Promise.all([put('b', '1'), put('c', '1'), put('a', '2')])).toEqual([2, 3, 4])
    expect(store.revision).toBe(4)
    expect(state()).toEqual({ a: '2', b: '1', c: '1' })
  })

  test('a write that throws changes nothing and leaves no gap in a group', async () => {
    const failing = store.write(() => {
      throw new Error('no')
    })
    const [first, failure, second] = await Promise.allSettled([put('a', '1'), failing, put('b', '1')])
    expect([first, second]).toMatchObject([{ value: 1 }, { value: 2 }])
    expect(failure).toMatchObject({ reason: new Error('no') })
  })

  test('each write of a group sees what the ones before it did', async () => {
    const increment = () =>
      store.write((revision) => {
        const old = Number(store.get({ resource: 'things', namespace: 'n', name: 'counter' })?.body ?? 0)
        return {
          change: {
            key: { resource: 'things', namespace: 'n', name: 'counter' },
            type: 'put' as const,
            labels: undefined,
            body: Buffer.from(String(old + 1)),
          },
          value: revision,
        }
      })
    await Promise.all(Array.from({ length: 300 }, increment))
    expect(state()).toEqual({ counter: '300' })
  })

  test('tells a group once, in order, with what each change replaced', async () => {
    const told: LogEntry[][] = []
    store.onCommit((entries) => told.push([...entries]))
    await Promise.all([put('a', '1'), put('a', '2'), remove('a')])
    expect(told).toHaveLength(1)
    expect(told[0]?.map(({ type, previous }) => [type, previous])).toEqual([
      ['create', 0],
      ['update', 1],
      ['delete', 2],
    ])
  })

  test('survives being closed and opened, revisions going on', async () => {
    await put('a', '1', 'things', { x: 'y' })
    await remove('a')
    store.close()
    store = open()
    expect(store.revision).toBe(2)
    expect(await put('b', '1')).toBe(3)
    expect(state()).toEqual({ b: '1' })
  })
})

describe('older states', () => {
  test('are computed for every revision, page by page, until they are compacted', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.boolean()), { maxLength: 30 }),
        async (steps) => {
          await store.compact(store.revision)
          const model: Record<string, string> = state()
          const states = new Map<number, Record<string, string>>([[store.revision, { ...model }]])
          for (const [index, [name, deletes]] of steps.entries()) {
            if (deletes && !(name in model)) continue
            if (deletes) delete model[name]
            else model[name] = String(index)
            const revision = deletes ? await remove(name) : await put(name, String(index))
            states.set(revision, { ...model })
          }
          for (const [revision, expected] of states) {
            expect(state(revision)).toEqual(expected)
            expect(pages(revision)).toEqual(Object.keys(expected).sort())
          }
          const middle = [...states.keys()][Math.floor(states.size / 2)] ?? 0
          await store.compact(middle)
          for (const [revision, expected] of states) if (revision >= middle) expect(state(revision)).toEqual(expected)
        },
      ),
      { numRuns: 25 },
    )
  })

  function pages(revision: number): string[] {
    const names: string[] = []
    let after: { namespace: string; name: string } | undefined
    for (;;) {
      const page = store.snapshot({ resource: 'things', revision, after, limit: 2 })
      names.push(...page.map(({ name }) => name))
      after = page.at(-1)
      if (page.length < 2) return names
    }
  }

  test('a pinned revision is not compacted away', async () => {
    await put('a', '1')
    const release = store.pin(1)
    await put('a', '2')
    await store.compact(2)
    expect(store.compacted).toBe(1)
    expect(state(1)).toEqual({ a: '1' })
    release()
    await store.compact(2)
    expect(store.compacted).toBe(2)
    expect(store.entry(1)).toBeUndefined()
  })
})

describe('at rest', () => {
  test('secrets, and they alone, are unreadable in the files', async () => {
    await put('s', 'the-secret-words', 'secrets')
    await put('p', 'the-plain-words')
    const bytes = readdirSync(directory).map((file) => readFileSync(path.join(directory, file)).toString('latin1'))
    expect(bytes.some((text) => text.includes('the-plain-words'))).toBe(true)
    expect(bytes.some((text) => text.includes('the-secret-words'))).toBe(false)
    expect(String(store.get({ resource: 'secrets', namespace: 'n', name: 's' })?.body)).toBe('the-secret-words')
  })

  test('a secret moved to another place in the file does not open', async () => {
    await put('s', 'one', 'secrets')
    await put('t', 'two', 'secrets')
    store.close()
    const database = new Database(path.join(directory, 'state.db'))
    database.exec('UPDATE object_log SET body = (SELECT body FROM object_log WHERE revision = 1) WHERE revision = 2')
    database.close()
    store = open()
    expect(() => store.get({ resource: 'secrets', namespace: 'n', name: 't' })).toThrow()
  })

  test('another key, and a newer schema, are refused in one sentence', () => {
    store.close()
    expect(() => open(Buffer.alloc(32, 2))).toThrow(/another key/)
    const database = new Database(path.join(directory, 'state.db'))
    database.pragma('user_version = 99')
    database.close()
    expect(() => open()).toThrow(/schema version 99/)
    const back = new Database(path.join(directory, 'state.db'))
    back.pragma('user_version = 1')
    back.close()
    store = open()
  })
})
