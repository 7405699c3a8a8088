import fs from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { root } from './instance'

export const demoImage = path.join(root, '.cache/chiave-demo.qcow2')

export interface ImageServer {
  url: string
  requests(): number
  close(): Promise<void>
}

/** Serves the demo image over plain HTTP on loopback; `bytesPerSecond` slows it down so that progress can be watched. */
export async function serveDemoImage({ bytesPerSecond }: { bytesPerSecond?: number } = {}): Promise<ImageServer> {
  let requests = 0
  const server = http.createServer((request, response) => {
    requests++
    const { size } = fs.statSync(demoImage)
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const head = {
      'content-type': 'application/octet-stream',
      'accept-ranges': 'bytes',
      etag: '"demo"',
      'content-length': size - from,
    }
    if (from > 0) response.writeHead(206, { ...head, 'content-range': `bytes ${from}-${size - 1}/${size}` })
    else response.writeHead(200, head)
    if (request.method === 'HEAD') return void response.end()
    const chunk = bytesPerSecond === undefined ? 1 << 20 : Math.ceil(bytesPerSecond / 20)
    const file = fs.createReadStream(demoImage, { start: from, highWaterMark: chunk })
    file.on('data', (data) => {
      if (bytesPerSecond !== undefined) {
        file.pause()
        setTimeout(() => file.resume(), 50)
      }
      response.write(data)
    })
    file.on('end', () => response.end())
    response.on('close', () => file.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A TCP listener's address is always an AddressInfo.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/chiave-demo.qcow2`,
    requests: () => requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
