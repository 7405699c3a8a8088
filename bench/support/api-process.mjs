// @ts-check
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Pool } from 'undici'
import { demoImageFile } from '../../scripts/setup/demo-image.mjs'
import { root } from '../../scripts/setup/steps.mjs'
import { freePort, readKubeconfig } from './instance.mjs'

/**
 * @typedef {object} ApiProcess
 * @property {number} pid of the process that serves the API
 * @property {number} startSeconds from the start of the command to the first answer
 * @property {string} url
 * @property {string} ca PEM
 * @property {string} token
 * @property {(connections: number) => Pool} pool
 * @property {() => Promise<void>} stop
 */

/**
 * Starts the API server of a home alone, without engine and console, as `npm start -- --run api` does.
 * @param {string} home
 * @param {{ main?: string }} [options] another bundle than `dist/main.js`
 * @returns {Promise<ApiProcess>}
 */
export async function startApi(home, { main = path.join(root, 'dist', 'main.js') } = {}) {
  const images = path.join(home, 'images')
  fs.mkdirSync(images, { recursive: true, mode: 0o755 })
  const image = path.join(images, path.basename(demoImageFile))
  if (!fs.existsSync(image)) fs.copyFileSync(demoImageFile, image)
  const port = await freePort()
  const begin = performance.now()
  const child = spawn(process.execPath, [main, '--home', home, '--port', String(port), '--run', 'api'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  await new Promise((resolve, reject) => {
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
      if (output.includes('Chiave runs api')) resolve(undefined)
    })
    child.once('exit', (code) => reject(new Error(`Chiave ended with ${code}:\n${output}`)))
  })
  const { server, ca, token } = readKubeconfig(path.join(home, 'kubeconfig'))
  const url = server.replace('localhost', '127.0.0.1')
  /** @param {number} connections */
  const pool = (connections) => new Pool(url, { connections, pipelining: 1, connect: { ca } })
  const first = pool(1)
  await first.request({ method: 'GET', path: '/readyz' }).then(({ body }) => body.dump())
  const startSeconds = (performance.now() - begin) / 1000
  await first.close()
  return {
    pid: largestChild(child.pid ?? 0),
    startSeconds,
    url,
    ca,
    token,
    pool,
    stop: async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await gone
    },
  }
}

/**
 * The process that serves the API is the supervisor's only child of any size.
 * @param {number} parent
 */
function largestChild(parent) {
  const children = fs.readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ').map(Number)
  return children.sort((left, right) => memoryOf(right).resident - memoryOf(left).resident)[0] ?? parent
}

/**
 * @param {number} pid
 * @returns {{ resident: number, peak: number }} bytes
 */
export function memoryOf(pid) {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8')
  const field = (/** @type {string} */ name) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024
  return { resident: field('VmRSS'), peak: field('VmHWM') }
}

/**
 * Makes the peak of a process's memory start anew (proc(5), clear_refs).
 * @param {number} pid
 */
export function forgetPeak(pid) {
  fs.writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

/**
 * Runs requests one after another on each of several connections for some seconds.
 * @param {{ api: ApiProcess, clients: number, seconds: number, next: (index: number) => { method: 'GET' | 'POST' | 'PATCH', path: string, body?: string } }} load
 * @returns {Promise<number>} requests per second
 */
export async function requestsPerSecond({ api, clients, seconds, next }) {
  const pool = api.pool(clients)
  let count = 0
  const begin = performance.now()
  const end = begin + seconds * 1000
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < end) await send(pool, api.token, next(count++))
    }),
  )
  const rate = count / ((performance.now() - begin) / 1000)
  await pool.close()
  return rate
}

/**
 * @param {Pool} pool
 * @param {string} token
 * @param {{ method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: string, type?: string }} request
 */
export async function send(pool, token, { method, path: target, body, type = 'application/json' }) {
  const headers = { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': type }) }
  const answer = await pool.request({ method, path: target, headers, ...(body === undefined ? {} : { body }) })
  if (answer.statusCode >= 300) throw new Error(`${method} ${target}: ${answer.statusCode} ${await answer.body.text()}`)
  await answer.body.dump({ limit: Number.POSITIVE_INFINITY })
}

/** @param {number} milliseconds */
export const settle = (milliseconds) => wait(milliseconds)
