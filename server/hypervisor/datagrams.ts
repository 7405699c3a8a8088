import { Duplex, pipeline, Transform, type TransformCallback } from 'node:stream'

/** Bytes of the length that goes before every datagram, big-endian. */
const headerLength = 2
/** The most that UDP over IPv4 carries, in bytes. */
const maxDatagram = 65_507

/** From datagrams, one a chunk, to bytes with lengths. */
class DatagramWriter extends Transform {
  constructor() {
    super({ writableObjectMode: true })
  }

  override _transform(datagram: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    if (datagram.length > maxDatagram) return callback(new Error('the datagram is too long'))
    const header = Buffer.alloc(headerLength)
    header.writeUInt16BE(datagram.length)
    callback(null, Buffer.concat([header, datagram]))
  }
}

/** From bytes with lengths to datagrams, one a chunk; what is cut off at the end is left out. */
class DatagramReader extends Transform {
  #rest: Buffer = Buffer.alloc(0)

  constructor() {
    super({ readableObjectMode: true })
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    while (rest.length >= headerLength) {
      const end = headerLength + rest.readUInt16BE()
      if (rest.length < end) break
      this.push(rest.subarray(headerLength, end))
      rest = rest.subarray(end)
    }
    this.#rest = rest
    callback()
  }
}

/** A stream of datagrams, one a chunk, over a stream of bytes; either ends with the other. */
export function datagramStream(bytes: Duplex): Duplex {
  const [writer, reader] = [new DatagramWriter(), new DatagramReader()]
  const datagrams = Duplex.from({ writable: writer, readable: reader })
  // Its close tells the reader; a reader who wants to know why listens too.
  datagrams.on('error', () => undefined)
  pipeline(writer, bytes, reader, (error) => datagrams.destroy(error ?? undefined))
  return datagrams
}
