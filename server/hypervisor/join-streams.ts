import type { Duplex } from 'node:stream'

/** Milliseconds the machine may take to accept the rest and to close its side, when the client has gone. */
const lastWordsTimeout = 10_000

/**
 * Joins a client to a stream of its machine until either ends or breaks. What the one that ended has said before is still
 * handed on; `stream.pipeline` would throw that away when a socket closes in both directions at once.
 */
export function joinStreams(client: Duplex, machine: Duplex): void {
  let timer: NodeJS.Timeout | undefined
  for (const stream of [client, machine]) stream.on('error', () => stream.destroy())
  client.pipe(machine)
  machine.pipe(client)
  // Nobody hangs up one direction only: who ends, goes.
  client.once('end', () => {
    timer = setTimeout(() => machine.destroy(), lastWordsTimeout)
  })
  client.once('close', () => {
    if (!client.readableEnded) return void machine.destroy()
    machine.unpipe(client)
    machine.resume()
  })
  machine.once('close', () => {
    clearTimeout(timer)
    // Taken in its own time, unless the machine broke off.
    if (!machine.readableEnded || client.writableFinished) return void client.destroy()
    client.once('finish', () => client.destroy())
    client.unpipe(machine)
    client.resume()
  })
}
