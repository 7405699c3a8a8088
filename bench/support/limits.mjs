// @ts-check
import fs from 'node:fs'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { Pool } from 'undici'

/** What this very machine can do at best, measured beside what Chiave does. */

/**
 * Appends of 4 kB to a file, each on the disk before the next.
 * @param {string} directory
 * @param {number} seconds
 * @returns {number} per second
 */
export function syncedAppends(directory, seconds) {
  const file = path.join(directory, 'appends')
  const handle = fs.openSync(file, 'a')
  const block = Buffer.alloc(4096, 'x')
  const begin = performance.now()
  let count = 0
  while (performance.now() - begin < seconds * 1000) {
    fs.writeSync(handle, block)
    fs.fdatasyncSync(handle)
    count++
  }
  const rate = count / ((performance.now() - begin) / 1000)
  fs.closeSync(handle)
  fs.rmSync(file)
  return rate
}

/**
 * Answers of 4 kB by Node's own HTTPS server that does nothing else, in a thread of its own, over the same client.
 * @param {{ certificate: string, key: string, ca: string, clients: number, seconds: number }} options PEM
 * @returns {Promise<number>} per second
 */
export async function helloWorldRate({ certificate, key, ca, clients, seconds }) {
  const worker = new Worker(new URL('./hello-world.mjs', import.meta.url), { workerData: { certificate, key } })
  const port = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  const pool = new Pool(`https://127.0.0.1:${port}`, { connections: clients, pipelining: 1, connect: { ca } })
  let count = 0
  const begin = performance.now()
  const end = begin + seconds * 1000
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < end) {
        const { body } = await pool.request({ method: 'GET', path: '/', headers: { authorization: 'Bearer nobody' } })
        await body.dump()
        count++
      }
    }),
  )
  const rate = count / ((performance.now() - begin) / 1000)
  await pool.close()
  await worker.terminate()
  return rate
}
