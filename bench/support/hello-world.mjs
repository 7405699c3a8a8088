// @ts-check
import https from 'node:https'
import { parentPort, workerData } from 'node:worker_threads'

/** The least an HTTPS server in Node can do: 4 kB of JSON to whoever asks. */
const body = Buffer.from(JSON.stringify({ data: 'x'.repeat(4096) }))
const server = https.createServer({ cert: workerData.certificate, key: workerData.key }, (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
  response.end(body)
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  parentPort?.postMessage(typeof address === 'object' ? address?.port : undefined)
})
