import { appendFile, mkdtemp, readdir, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AuditEntry, AuditQuery } from '@/contract/audit'
import { type AuditLog, type AuditLogOptions, BadCursor, createAuditLog, type NewAuditEntry } from './audit-log'

let directory: string
let audit: AuditLog
let now: number
const log = pino({ enabled: false })

const start = async (options: Partial<AuditLogOptions> = {}) => {
  audit = await createAuditLog({ directory, log, clock: () => now, ...options })
}
const entry = (name: string, more: Partial<NewAuditEntry> = {}): NewAuditEntry => ({
  type: 'call',
  person: 'ada',
  cluster: 'local',
  verb: 'patch',
  object: { group: 'kubevirt.io', resource: 'virtualmachines', namespace: 'n', name },
  outcome: 'success',
  status: 200,
  ...more,
})
const names = (items: readonly AuditEntry[]) => items.map(({ object }) => object?.name)
const find = async (query: AuditQuery = {}, limit = 1000) => {
  const { items } = await audit.find({ query, mayRead: () => true }, { limit })
  return names(items)
}
const segments = async () => (await readdir(directory)).sort()

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'chiave-audit-'))
  now = Date.parse('2026-01-01T00:00:00Z')
})
afterEach(async () => {
  await audit.close()
  await rm(directory, { recursive: true })
})

describe('the audit record', () => {
  it('tells what was recorded, newest first, also after a restart', async () => {
    await start()
    for (const name of ['a', 'b', 'c']) {
      audit.record(entry(name))
      now += 1000
    }
    expect(await find()).toEqual(['c', 'b', 'a'])
    await audit.close()
    await start()
    audit.record(entry('d'))
    expect(await find()).toEqual(['d', 'c', 'b', 'a'])
  })

  it('finds by person, verb, object, outcome, time and words', async () => {
    await start()
    audit.record(entry('a', { person: 'bo', message: 'Quota exceeded', outcome: 'refused', status: 403 }))
    now += 60_000
    audit.record(entry('b', { verb: 'delete' }))
    audit.record(entry('c', { object: { group: '', resource: 'secrets', namespace: 'm', name: 'c' } }))
    audit.record({ type: 'sign-in', person: 'ada', verb: 'sign-in', outcome: 'success', status: 200 })
    expect(await find({ person: 'bo' })).toEqual(['a'])
    expect(await find({ verb: 'delete' })).toEqual(['b'])
    expect(await find({ resources: ['secrets', 'pods'] })).toEqual(['c'])
    expect(await find({ group: '', namespace: 'm' })).toEqual(['c'])
    expect(await find({ outcome: 'refused' })).toEqual(['a'])
    expect(await find({ text: 'QUOTA' })).toEqual(['a'])
    expect(await find({ to: '2026-01-01T00:00:30.000Z' })).toEqual(['a'])
    expect(await find({ from: '2026-01-01T00:00:30.000Z', type: 'sign-in' })).toEqual([undefined])
    expect(await find({ name: 'b', person: 'bo' })).toEqual([])
  })

  it('goes on where a page ended, without gap or repetition, while more is recorded', async () => {
    await start({ retention: { maxBytes: 64 * 1024 } })
    for (let index = 0; index < 100; index++) audit.record(entry(`m${index}`))
    const seen: (string | undefined)[] = []
    let cursor: string | undefined
    do {
      const page = await audit.find({ query: {}, mayRead: () => true }, { limit: 7, cursor })
      seen.push(...names(page.items))
      cursor = page.cursor
      audit.record(entry('later'))
    } while (cursor !== undefined)
    expect(seen).toEqual(Array.from({ length: 100 }, (_, index) => `m${99 - index}`))
    await expect(audit.find({ query: {}, mayRead: () => true }, { limit: 1, cursor: '../x' })).rejects.toThrow(
      BadCursor,
    )
  })

  it('pauses a long search with a cursor instead of reading on', async () => {
    await start({ bytesPerSearch: 1000 })
    audit.record(entry('wanted'))
    for (let index = 0; index < 50; index++) audit.record(entry('other'))
    const first = await audit.find({ query: { name: 'wanted' }, mayRead: () => true }, { limit: 10 })
    expect(first.items).toEqual([])
    let { cursor } = first
    let found: AuditEntry[] = []
    while (cursor !== undefined && found.length === 0) {
      const page = await audit.find({ query: { name: 'wanted' }, mayRead: () => true }, { limit: 10, cursor })
      found = page.items
      cursor = page.cursor
    }
    expect(names(found)).toEqual(['wanted'])
  })

  it('survives a torn end and damaged lines', async () => {
    await start()
    for (const name of ['a', 'b']) audit.record(entry(name))
    await audit.close()
    const [file = ''] = await segments()
    await appendFile(join(directory, file), '{"id":1}\nnot json\n{"half":')
    await start()
    audit.record(entry('c'))
    expect(await find()).toEqual(['c', 'b', 'a'])
    await truncate(join(directory, file), 100)
    expect(await find()).toEqual(['c'])
  })

  it('forgets the oldest when it is too much or too old, never the newest', async () => {
    await start({ retention: { maxBytes: 40_000, maxAgeMs: 10 * 24 * 3600_000 } })
    for (let index = 0; index < 400; index++) {
      audit.record(entry(`m${index}`))
      if (index % 10 === 9) await find({}, 1)
    }
    const kept = await find()
    expect(kept[0]).toBe('m399')
    expect(kept.length).toBeGreaterThan(100)
    expect(kept.length).toBeLessThan(250)
    await audit.close()
    now += 30 * 24 * 3600_000
    await start({ retention: { maxBytes: 40_000, maxAgeMs: 10 * 24 * 3600_000 } })
    audit.record(entry('new'))
    await find()
    await audit.close()
    await start({ retention: { maxBytes: 40_000, maxAgeMs: 10 * 24 * 3600_000 } })
    const left = await find()
    expect(left[0]).toBe('new')
    expect(await segments()).toHaveLength(2)
  })

  it('loses nothing that comes while it writes', async () => {
    await start()
    const searches: Promise<unknown>[] = []
    for (let index = 0; index < 200; index++) {
      audit.record(entry(`m${index}`))
      if (index % 20 === 0) searches.push(find({}, 1))
      if (index % 7 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(searches)
    expect(await find()).toHaveLength(200)
  })

  it('keeps its files to itself', async () => {
    await start()
    audit.record(entry('a'))
    await find()
    const { stat } = await import('node:fs/promises')
    const [file = ''] = await segments()
    expect((await stat(join(directory, file))).mode & 0o777).toBe(0o600)
  })
})
