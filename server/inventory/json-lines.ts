import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

/** One line of a stream was longer than a line may be. */
export class LineTooLong extends Error {}

/**
 * The lines of a byte stream, without buffering more than one of them; empty lines are left out. The stream is read only
 * as fast as the lines are asked for. Throws LineTooLong above `maxBytes` characters, and whatever the stream fails with.
 */
export async function* readLines(stream: Readable, maxBytes: number): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const chunk of stream) {
    // A byte stream without an encoding yields buffers.
    const parts = (rest + decoder.write(chunk as Buffer)).split('\n')
    rest = parts.pop() ?? ''
    if (rest.length > maxBytes) throw new LineTooLong(`a line is longer than ${maxBytes} characters`)
    for (const line of parts) {
      if (line !== '') yield line
    }
  }
  rest += decoder.end()
  if (rest !== '') yield rest
}
