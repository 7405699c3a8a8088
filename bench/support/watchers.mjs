// @ts-check
import https from 'node:https'
import { parentPort, workerData } from 'node:worker_threads'

/**
 * Opens watches and notes how long after it was sent each event arrives. Events carry `"sent":"<ms since the epoch>"`.
 * Tells `ready` when all watches are open; asked to `finish`, it answers with the delays in milliseconds.
 */
const { url, ca, token, path, watchers } = workerData
const marker = Buffer.from('"sent":"')
/** @type {number[]} */
const delays = []
const agent = new https.Agent({ ca, keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })

/** @returns {Promise<void>} when the watch is open */
function open() {
  return new Promise((resolve, reject) => {
    const request = https.request(`${url}${path}`, { agent, headers: { authorization: `Bearer ${token}` } })
    request.on('response', (response) => {
      /** @type {Buffer} */
      let rest = Buffer.alloc(0)
      response.on('data', (/** @type {Buffer} */ chunk) => {
        rest = note(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]))
      })
      response.on('error', () => undefined)
      resolve()
    })
    request.on('error', reject)
    request.end()
  })
}

/**
 * @param {Buffer} bytes
 * @returns {Buffer} what does not make a line yet
 */
function note(bytes) {
  const now = performance.timeOrigin + performance.now()
  let start = 0
  for (;;) {
    const end = bytes.indexOf(10, start)
    if (end < 0) return bytes.subarray(start)
    const at = bytes.indexOf(marker, start)
    if (at >= 0 && at < end) {
      const from = at + marker.length
      delays.push(now - Number(bytes.toString('latin1', from, bytes.indexOf(34, from))))
    }
    start = end + 1
  }
}

parentPort?.on('message', () => {
  parentPort?.postMessage(delays)
  agent.destroy()
  parentPort?.close()
})
await Promise.all(Array.from({ length: watchers }, open))
parentPort?.postMessage('ready')
