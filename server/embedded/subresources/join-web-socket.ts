import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'

const pingInterval = 10_000
/** A peer that answers no ping for so long is gone. */
const silenceLimit = 60_000
const bufferLimit = 256 * 1024
/** How long what a client sent may take to arrive after it has gone, in milliseconds. */
const lastWordsTimeout = 5_000
/** RFC 6455, 7.4.1: the connection ended without a closing handshake. */
const abnormalClosure = 1006

/**
 * Joins a WebSocket to a byte stream until either ends: binary frames both ways, text frames are skipped, and a slow
 * side holds the other back.
 */
export function joinWebSocket(socket: WebSocket, stream: Duplex): void {
  let heard = Date.now()
  const pings = setInterval(() => {
    if (Date.now() - heard > silenceLimit) socket.terminate()
    else socket.ping()
  }, pingInterval)
  pings.unref()
  socket.on('pong', () => {
    heard = Date.now()
  })

  socket.on('message', (data, isBinary) => {
    heard = Date.now()
    // `ws` hands a message out as one Buffer unless told otherwise.
    if (!isBinary || stream.destroyed || stream.writableEnded) return
    if (!stream.write(data as Buffer)) socket.pause()
  })
  stream.on('drain', () => socket.resume())

  stream.on('data', (chunk: Buffer) => {
    if (socket.readyState !== WebSocket.OPEN) return
    socket.send(chunk, { binary: true }, () => {
      if (stream.isPaused() && socket.bufferedAmount < bufferLimit) stream.resume()
    })
    if (socket.bufferedAmount >= bufferLimit) stream.pause()
  })

  stream.on('end', () => socket.close(1000))
  stream.on('close', () => socket.close(1000))
  // Says to the client that the stream broke; its reason is the engine's to log.
  stream.on('error', () => socket.close(1011, 'the stream failed'))
  // An error of the socket is followed by its close.
  socket.on('error', () => stream.destroy())
  socket.on('close', (code) => {
    clearInterval(pings)
    if (code === abnormalClosure || stream.writableLength === 0) stream.destroy()
    else endAfterWriting(stream)
  })
}

/** A client that has sent all it had, and closes, has sent it: nothing of it is thrown away. */
function endAfterWriting(stream: Duplex): void {
  const timer = setTimeout(() => stream.destroy(), lastWordsTimeout)
  stream.once('close', () => clearTimeout(timer))
  stream.resume()
  stream.end(() => stream.destroy())
}
