import type { IncomingMessage } from 'node:http'
import { StringDecoder } from 'node:string_decoder'
import type { KubeObject, WatchEvent } from '@/contract/kube-object'

/** An event is one object; even a large one is far below this. A longer line means the stream is not a watch. */
const maxLineLength = 16 * 1024 * 1024

/** Reads a watch's lines of JSON; ends with the stream, or after an ERROR event. */
export async function* readWatch<T extends KubeObject>(response: IncomingMessage): AsyncGenerator<WatchEvent<T>> {
  try {
    for await (const line of readLines(response)) {
      // The API server's own framing (Kubernetes API concepts, efficient detection of changes).
      const event = JSON.parse(line) as WatchEvent<T>
      yield event
      if (event.type === 'ERROR') return
    }
  } finally {
    response.destroy()
  }
}

/** Complete lines; what follows the last line end is dropped, as a cut-off event is none. */
async function* readLines(response: IncomingMessage): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  let pending = ''
  for await (const chunk of response) {
    const lines = (pending + decoder.write(chunk as Buffer)).split('\n')
    pending = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') yield line
    if (pending.length > maxLineLength) throw new Error('a watch event is longer than 16 MiB')
  }
}
