import { afterEach, describe, expect, it } from 'vitest'
import { RecordConflict, type RecordStore } from './record-store'

/** One place that holds records, and any number of processes on it, one after the other or at the same time. */
export interface RecordStorePlace {
  open(): Promise<RecordStore>
  /** Removes everything; the stores are closed already. */
  remove(): Promise<void>
}

export interface ConformanceOptions {
  /** A place that is empty. */
  makePlace: () => Promise<RecordStorePlace>
  /** Whether two stores may be open on one place at a time and see each other's writes. */
  shared: boolean
}

/* eslint-disable max-lines-per-function -- a table of promises is long by nature, as in any test file */

/** What everyone who keeps records relies on, whatever keeps them. */
export function describeRecordStore(name: string, { makePlace, shared }: ConformanceOptions): void {
  describe(name, () => {
    const places: RecordStorePlace[] = []
    const stores: RecordStore[] = []
    afterEach(async () => {
      await Promise.all(stores.splice(0).map((store) => store.close()))
      await Promise.all(places.splice(0).map((place) => place.remove()))
    })
    async function place(): Promise<RecordStorePlace> {
      const made = await makePlace()
      places.push(made)
      return made
    }
    async function opened(on: RecordStorePlace): Promise<RecordStore> {
      const store = await on.open()
      stores.push(store)
      return store
    }
    const soon = <T>(read: () => T) => expect.poll(read, { timeout: 5_000, interval: 20 })

    it('gives back what was put, and nothing after it was deleted', async () => {
      const things = await (await opened(await place())).open('things')
      expect(things.get('a')).toBeUndefined()
      const value = { text: 'è', list: [1, null, { deep: true }] }
      const put = await things.put('a', value)
      expect(put).toMatchObject({ key: 'a', value })
      expect(things.get('a')).toEqual(put)
      expect(things.all()).toEqual([put])
      await things.delete('a')
      await things.delete('a')
      expect(things.get('a')).toBeUndefined()
      expect(things.all()).toEqual([])
    })

    it('keeps records and collections apart, and a collection of one name is one', async () => {
      const store = await opened(await place())
      const [things, others, again] = [
        await store.open('things'),
        await store.open('others'),
        await store.open('things'),
      ]
      await things.put('a', 1)
      await others.put('a', 2)
      await things.put('a.b-c', 3)
      expect(again.get('a')?.value).toBe(1)
      expect(others.get('a')?.value).toBe(2)
      expect(
        again
          .all()
          .map(({ key }) => key)
          .sort(),
      ).toEqual(['a', 'a.b-c'])
    })

    it('does not see what becomes of a value after it was put', async () => {
      const things = await (await opened(await place())).open('things')
      const value = { list: ['a'] }
      await things.put('a', value)
      value.list.push('b')
      expect(things.get('a')?.value).toEqual({ list: ['a'] })
    })

    it('changes the revision with every write, and refuses one made on another revision', async () => {
      const things = await (await opened(await place())).open('things')
      const first = await things.put('a', 1, { revision: null })
      await expect(things.put('a', 2, { revision: null })).rejects.toBeInstanceOf(RecordConflict)
      const second = await things.put('a', 1, { revision: first.revision })
      expect(second.revision).not.toBe(first.revision)
      await expect(things.put('a', 2, { revision: first.revision })).rejects.toMatchObject({ key: 'a' })
      expect(things.get('a')?.value).toBe(1)
      await things.delete('a')
      await expect(things.put('a', 2, { revision: second.revision })).rejects.toBeInstanceOf(RecordConflict)
      expect(things.get('a')).toBeUndefined()
    })

    it('lets one of many writers on the same revision win', async () => {
      const things = await (await opened(await place())).open('things')
      const { revision } = await things.put('a', 0)
      const tries = await Promise.allSettled([1, 2, 3, 4].map((value) => things.put('a', value, { revision })))
      expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    })

    it('tells of every change by its key, until one no longer wants to know', async () => {
      const things = await (await opened(await place())).open('things')
      const told: string[] = []
      const end = things.onChange((key) => told.push(`${key}=${String(things.get(key)?.value)}`))
      await things.put('a', 1)
      await things.put('a', 2)
      await things.delete('a')
      await soon(() => told.join(' ')).toContain('a=undefined')
      expect(told[0]).toMatch(/^a=/)
      end()
      const before = told.length
      await things.put('b', 1)
      expect(told).toHaveLength(before)
    })

    it('has everything again when it is opened anew', async () => {
      const here = await place()
      const first = await here.open()
      const things = await first.open('things')
      await Promise.all(Array.from({ length: 20 }, (_, at) => things.put(`key-${at}`, { at })))
      await things.delete('key-7')
      await first.close()
      const again = await (await opened(here)).open('things')
      expect(again.all()).toHaveLength(19)
      expect(again.get('key-3')?.value).toEqual({ at: 3 })
      expect(again.get('key-7')).toBeUndefined()
      const { revision } = again.get('key-3') ?? { revision: '' }
      await expect(again.put('key-3', 1, { revision })).resolves.toMatchObject({ value: 1 })
    })

    it('takes no keys and names that are none', async () => {
      const store = await opened(await place())
      const things = await store.open('things')
      for (const key of ['', '.', '..', '../a', 'A', 'a/b', '-a', 'a\0', 'a'.repeat(128)]) {
        await expect(things.put(key, 1)).rejects.toThrow()
        expect(things.get(key)).toBeUndefined()
      }
      await expect(store.open('../things')).rejects.toThrow()
    })

    it.runIf(shared)('shows one process what another one wrote', async () => {
      const here = await place()
      const [one, other] = [await (await opened(here)).open('things'), await (await opened(here)).open('things')]
      const { revision } = await one.put('a', 1)
      await soon(() => other.get('a')?.value).toBe(1)
      await other.put('a', 2)
      await expect(one.put('a', 3, { revision })).rejects.toBeInstanceOf(RecordConflict)
      await other.delete('a')
      await soon(() => one.get('a')).toBeUndefined()
    })
  })
}
