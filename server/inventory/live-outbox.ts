import { WebSocket } from 'ws'
import type { LiveMessage } from '@/contract/live'
import { closeSocket } from '@/server/proxy/web-socket'

/** The browser does not read, or is gone; its socket is closed or being closed. */
export class TooSlow extends Error {}

export interface OutboxLimits {
  /** Bytes on the way to the browser above which nothing more is taken. */
  bufferedBytes: number
  /** A browser that takes nothing at all for this time is dropped. */
  drainMs: number
}

/** Large messages travel in fragments, so that progress shows and memory stays bounded. */
const fragmentBytes = 256 * 1024

/**
 * Sends messages to a browser one after the other; each promise resolves when there is room for more. A browser that
 * stands still is dropped with 1013 ("try again later"), and everything that waits for it rejects with TooSlow.
 */
export function createOutbox(
  socket: WebSocket,
  { bufferedBytes, drainMs }: OutboxLimits,
): (message: LiveMessage) => Promise<void> {
  let pending = 0
  let written = () => {}
  let turn: Promise<void> = Promise.resolve()

  function hand(bytes: Buffer, fin: boolean): void {
    pending += bytes.length
    socket.send(bytes, { binary: false, fin }, () => {
      // Called with an error too, when the socket has closed: then nothing is on the way any more.
      pending -= bytes.length
      written()
    })
  }

  function room(): Promise<void> {
    return new Promise((resolve, reject) => {
      const standstill = () => {
        closeSocket(socket, 1013, 'This browser is too slow for the updates it asked for.')
        reject(new TooSlow())
      }
      let timer = setTimeout(standstill, drainMs)
      written = () => {
        clearTimeout(timer)
        if (pending <= bufferedBytes / 2) return resolve()
        timer = setTimeout(standstill, drainMs)
      }
    })
  }

  async function write(message: LiveMessage): Promise<void> {
    const bytes = Buffer.from(JSON.stringify(message))
    for (let at = 0; at < bytes.length; at += fragmentBytes) {
      if (socket.readyState !== WebSocket.OPEN) throw new TooSlow()
      const end = at + fragmentBytes
      hand(bytes.subarray(at, end), end >= bytes.length)
      if (pending > bufferedBytes) await room()
    }
  }

  return (message) => {
    const mine = turn.then(() => write(message))
    turn = mine.catch(() => undefined)
    return mine
  }
}
