import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Representation } from '../represent/representation'
import { createCipher } from '../storage/cipher'
import { ObjectStore } from '../storage/object-store'
import { WatchHub } from './watch-hub'

const resource = 'things'
let directory: string
let store: ObjectStore
let hub: WatchHub
let server: http.Server
let url: string

/** Objects as they are stored. */
const plain: Representation = {
  key: 'plain',
  contentType: 'application/json',
  single: (body) => body,
  item: (body) => body,
  listHead: () => '',
  listTail: '',
  bookmark: (metadata) => Buffer.from(JSON.stringify({ metadata })),
}

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'chiave-restart-'))
  store = new ObjectStore({
    path: path.join(directory, 'state.db'),
    cipher: createCipher(Buffer.alloc(32, 1)),
    sealed: new Set(),
    now: Date.now,
  })
  hub = new WatchHub(store)
  server = http.createServer((request, response) => {
    const after = Number(new URL(request.url ?? '', 'http://localhost').searchParams.get('after'))
    hub.watch({
      response,
      resource,
      view: {
        selection: { namespace: '', name: '', labels: [], fields: [] },
        representation: plain,
        entry: (revision) => store.entry(revision),
      },
      after,
      initial: [],
      bookmarks: true,
      announceInitialEnd: true,
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}` // it listens on TCP
})
afterAll(async () => {
  hub.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  store.close()
  rmSync(directory, { recursive: true, force: true })
})

interface Event {
  type: string
  object: { metadata: { name: string; resourceVersion: string }; code?: number }
}

/** A client that keeps a copy of the state: lists, watches, and after 410 lists again. */
class Follower {
  readonly state = new Map<string, string>()
  revision = 0
  relists = 0
  #request: http.ClientRequest | undefined
  #rest = ''

  relist(): void {
    this.relists++
    this.state.clear()
    for (const { name, revision } of store.snapshot({ resource })) this.state.set(name, String(revision))
    this.revision = store.revision
  }

  /** Opens a watch from the last revision that is known; the one before ends in the middle of whatever it does. */
  restart(): Promise<unknown> {
    this.close()
    this.#rest = ''
    const request = http.get(`${url}/?after=${this.revision}`, { agent: false })
    this.#request = request
    request.on('response', (response) => {
      response.setEncoding('utf8').on('data', (chunk: string) => {
        if (this.#request === request) this.#take(chunk)
      })
      response.on('error', () => undefined)
    })
    return new Promise((resolve) => {
      request.once('response', resolve)
      // Cut by ourselves.
      request.on('error', resolve)
    })
  }

  close(): void {
    this.#request?.destroy()
    this.#request = undefined
  }

  async reaches(revision: number): Promise<void> {
    await expect.poll(() => this.revision, { timeout: 10_000, interval: 5 }).toBeGreaterThanOrEqual(revision)
  }

  #take(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#see(JSON.parse(line) as Event)
  }

  #see({ type, object }: Event): void {
    if (type === 'ERROR') {
      expect(object.code).toBe(410)
      this.relist()
      void this.restart()
      return
    }
    const { name, resourceVersion } = object.metadata
    if (type !== 'BOOKMARK') {
      expect(Number(resourceVersion)).toBeGreaterThan(this.revision)
      expect(type === 'ADDED').toBe(!this.state.has(name))
      if (type === 'DELETED') this.state.delete(name)
      else this.state.set(name, resourceVersion)
    }
    this.revision = Math.max(this.revision, Number(resourceVersion))
  }
}

function put(name: string): Promise<unknown> {
  return store.write((revision) => ({
    change: {
      key: { resource, namespace: '', name },
      type: 'put',
      labels: undefined,
      body: Buffer.from(JSON.stringify({ metadata: { name, resourceVersion: String(revision) } })),
    },
    value: revision,
  }))
}

function remove(name: string): Promise<unknown> {
  const key = { resource, namespace: '', name }
  return store.write((revision) => {
    if (!store.get(key)) return { value: undefined }
    const body = Buffer.from(JSON.stringify({ metadata: { name, resourceVersion: String(revision) } }))
    return { change: { key, type: 'delete', labels: undefined, body }, value: revision }
  })
}

type Step = 'put' | 'delete' | 'restart' | 'bookmark' | 'compact' | 'pause'

test('followers that are cut off, resume from bookmarks or list again after 410 all have the state in the end', {
  timeout: 120_000,
}, async () => {
  const steps = fc.array(
    fc.record({
      step: fc.constantFrom<Step>('put', 'put', 'put', 'delete', 'restart', 'bookmark', 'compact', 'pause'),
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    }),
    { minLength: 5, maxLength: 60 },
  )
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const steady = new Follower()
      const restless = new Follower()
      const late = new Follower()
      const followers = [steady, restless, late]
      for (const follower of followers) follower.relist()
      await steady.restart()
      for (const { step, name } of sequence) {
        if (step === 'put') await put(name)
        else if (step === 'delete') await remove(name)
        else if (step === 'restart') void restless.restart()
        else if (step === 'compact') await store.compact(store.revision)
        else if (step === 'bookmark') restless.close()
        else await wait(3)
      }
      void restless.restart()
      void late.restart()
      await put('end')
      const expected = Object.fromEntries(
        store.snapshot({ resource }).map(({ name, revision }) => [name, String(revision)]),
      )
      for (const follower of followers) {
        await follower.reaches(Number(expected['end']))
        expect(Object.fromEntries(follower.state)).toEqual(expected)
        follower.close()
      }
      expect(steady.relists).toBe(1)
    }),
    { numRuns: 25 },
  )
})
