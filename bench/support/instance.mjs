// @ts-check
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import https from 'node:https'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import * as YAML from 'yaml'
import { demoImageFile } from '../../scripts/setup/demo-image.mjs'
import { root } from '../../scripts/setup/steps.mjs'

/**
 * @typedef {object} Instance
 * @property {string} home
 * @property {string} apiUrl
 * @property {(method: string, path: string, body?: unknown) => Promise<any>} call an API call as the cluster's admin;
 *   rejects on a status of 400 and above
 * @property {() => Promise<void>} stop shuts its guests down, stops it and removes the home
 */

/**
 * Starts a Chiave of its own with a fresh home and the demo image.
 * @returns {Promise<Instance>}
 */
export async function startBenchInstance() {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'chi-bench-'))
  fs.chmodSync(home, 0o711)
  fs.mkdirSync(path.join(home, 'images'), { mode: 0o755 })
  fs.copyFileSync(demoImageFile, path.join(home, 'images', path.basename(demoImageFile)))
  const child = spawn(
    process.execPath,
    [path.join(root, 'dist', 'main.js'), '--home', home, '--port', String(await freePort())],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  await new Promise((resolve, reject) => {
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
      if (output.includes('Chiave is ready at ')) resolve(undefined)
    })
    child.once('exit', (code) => reject(new Error(`Chiave ended with ${code}:\n${output}`)))
  })
  const { server, ca, token } = readKubeconfig(path.join(home, 'kubeconfig'))
  return {
    home,
    apiUrl: server,
    call: (method, resource, body) => call({ method, url: `${server}${resource}`, ca, token, body }),
    stop: async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await gone
      fs.rmSync(home, { recursive: true, force: true })
    },
  }
}

/**
 * Asks until there is an answer.
 * @template T
 * @param {string} what for people
 * @param {() => Promise<T | undefined> | T | undefined} ask
 * @param {{ seconds?: number, every?: number }} [options] `every` in milliseconds
 * @returns {Promise<T>}
 */
export async function until(what, ask, { seconds = 300, every = 100 } = {}) {
  const deadline = Date.now() + seconds * 1000
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s`)
    await wait(every)
  }
}

/** @returns {Promise<number>} a port that is free, and whose successor is */
export async function freePort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 30_000)
    if ((await isFree(port)) && (await isFree(port + 1))) return port
  }
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function isFree(port) {
  return new Promise((resolve) => {
    const server = net.createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** @param {string} file */
export function readKubeconfig(file) {
  const config = YAML.parse(fs.readFileSync(file, 'utf8'))
  const { cluster } = config.clusters[0]
  return {
    server: /** @type {string} */ (cluster.server),
    ca: Buffer.from(cluster['certificate-authority-data'], 'base64').toString(),
    token: /** @type {string} */ (config.users[0].user.token),
  }
}

/**
 * @param {{ method: string, url: string, ca: string, token: string, body: unknown }} options
 * @returns {Promise<unknown>}
 */
function call({ method, url, ca, token, body }) {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json' }
    const request = https.request(url, { method, ca, headers }, (response) => {
      /** @type {Buffer[]} */
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        if ((response.statusCode ?? 500) < 400) resolve(text === '' ? undefined : JSON.parse(text))
        else reject(new Error(`${method} ${url}: ${response.statusCode} ${text}`))
      })
    })
    request.on('error', reject)
    request.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
