import { Duplex } from 'node:stream'

/** Two streams, each reading what the other writes. (Node has this itself from 22.6 on.) */
export function duplexPair(): [Duplex, Duplex] {
  class Half extends Duplex {
    other: Half | undefined
    waiting: (() => void) | undefined

    override _read(): void {
      const { waiting } = this
      this.waiting = undefined
      waiting?.()
    }

    override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
      const { other } = this
      if (!other) return done()
      other.waiting = done
      other.push(chunk)
    }

    override _final(done: () => void): void {
      this.other?.push(null)
      done()
    }
  }
  const [one, two] = [new Half(), new Half()]
  one.other = two
  two.other = one
  return [one, two]
}
