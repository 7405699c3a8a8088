import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { joinStreams } from './join-streams'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** Two ends of a connection. */
async function connection(): Promise<[Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const far = createConnection({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' })
  return [(await accepted)[0], far]
}

const size = 3 * 2 ** 20

/** Counts what comes, reading slowly. */
async function count(socket: Socket): Promise<number> {
  let got = 0
  socket.on('data', (chunk: Buffer) => {
    got += chunk.length
    socket.pause()
    void sleep(1).then(() => socket.resume())
  })
  await once(socket, 'close')
  return got
}

async function joined(): Promise<{ person: Socket; guest: Socket; both: Socket[] }> {
  const [[client, person], [guest, machine]] = [await connection(), await connection()]
  joinStreams(client, machine)
  return { person, guest, both: [client, machine] }
}

test('what a guest says before it closes arrives whole at a slow client', async () => {
  for (let round = 0; round < 5; round++) {
    const { person, guest, both } = await joined()
    const got = count(person)
    guest.on('end', () => undefined).resume()
    guest.end(Buffer.alloc(size))
    expect(await got).toBe(size)
    await expect.poll(() => both.every(({ destroyed }) => destroyed)).toBe(true)
  }
})

test('what a client says before it closes arrives whole at a slow guest, which is told of the end', async () => {
  const { person, guest, both } = await joined()
  const got = count(guest)
  guest.once('end', () => guest.end('too late'))
  person.end(Buffer.alloc(size))
  expect(await got).toBe(size)
  await expect.poll(() => both.every(({ destroyed }) => destroyed)).toBe(true)
})

test('a side that breaks off takes the other along', async () => {
  const one = await joined()
  one.person.resetAndDestroy()
  one.guest.resume().on('end', () => one.guest.end())
  await once(one.guest, 'close')
  const other = await joined()
  other.person.resume().on('error', () => undefined)
  other.guest.resetAndDestroy()
  await once(other.person, 'close')
  await expect.poll(() => [...one.both, ...other.both].every(({ destroyed }) => destroyed)).toBe(true)
})
