import { describe, expect, it } from 'vitest'
import { createFakeClock } from '@/server/cluster/fake-clock.fixture'
import { createWorkQueue } from './work-queue'

const build = () => {
  const clock = createFakeClock()
  return { clock, queue: createWorkQueue({ clock, baseMs: 100, capMs: 1000, random: () => 0 }) }
}

describe('the work queue', () => {
  it('hands a key out once however often it was added', async () => {
    const { queue } = build()
    queue.add('a')
    queue.add('a')
    queue.add('b')
    expect(await queue.next()).toBe('a')
    expect(await queue.next()).toBe('b')
    expect(queue.length).toBe(0)
  })

  it('does not hand a key to two workers, and hands it out again when it changed meanwhile', async () => {
    const { queue } = build()
    queue.add('a')
    expect(await queue.next()).toBe('a')
    queue.add('a')
    queue.add('a')
    expect(queue.length).toBe(0)
    queue.done('a')
    expect(await queue.next()).toBe('a')
    queue.done('a')
    expect(queue.length).toBe(0)
  })

  it('waits longer after each failure up to the cap, and forgets after a success', async () => {
    const { queue, clock } = build()
    expect([1, 2, 3, 4, 5, 6].map(() => queue.addRateLimited('a'))).toEqual([100, 200, 400, 800, 1000, 1000])
    queue.forget('a')
    expect(queue.addRateLimited('b')).toBe(100)
    await clock.advance(99)
    expect(queue.length).toBe(0)
    await clock.advance(1)
    expect(queue.length).toBe(2)
  })

  it('keeps the earliest of several delayed adds', async () => {
    const { queue, clock } = build()
    queue.addAfter('a', 500)
    queue.addAfter('a', 200)
    queue.addAfter('a', 900)
    await clock.advance(200)
    expect(await queue.next()).toBe('a')
    queue.done('a')
    await clock.advance(1000)
    expect(queue.length).toBe(0)
  })

  it('lets every waiting worker go when it is shut down', async () => {
    const { queue, clock } = build()
    const waiting = [queue.next(), queue.next()]
    queue.addAfter('late', 50)
    queue.shutDown()
    expect(await Promise.all(waiting)).toEqual([undefined, undefined])
    expect(await queue.next()).toBeUndefined()
    expect(clock.pending).toBe(0)
  })
})
