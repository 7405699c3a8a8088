// @ts-check
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { Pool } from 'undici'
import { send, startApi } from './support/api-process.mjs'
import { bundleGateway } from './support/gateway-process.mjs'

const maps = '/api/v1/namespaces/default/configmaps'
const small = `${maps}/small`
const list = `/api/v1/namespaces/listed/configmaps`
/** About 100 kB of objects. */
const listed = 50
const many = 16

/**
 * @typedef {object} Way a way to the API
 * @property {string} name
 * @property {string} url
 * @property {string} prefix
 * @property {Record<string, string>} headers
 * @property {string} [ca]
 */

/**
 * What the console's proxy costs: time added to a direct call, and requests a second beside `kubectl proxy`, both over
 * keep-alive connections to the same embedded API server, the same load on each. `--seconds N` per measurement,
 * `--kubectl FILE`, `--rounds N` (the ways take turns, so that a busy machine is busy for all).
 * @param {readonly string[]} args
 */
export async function measure(args) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '3' },
      kubectl: { type: 'string', default: 'kubectl' },
      main: { type: 'string' },
    },
  })
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'chi-bench-'))
  fs.chmodSync(home, 0o711)
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'chi-bench-gateway-'))
  /** @type {(() => void | Promise<void>)[]} */
  const stops = []
  try {
    const api = await startApi(home, values.main === undefined ? {} : { main: values.main })
    stops.push(api.stop)
    await fill(api)
    const kubeconfig = path.join(home, 'kubeconfig')
    const socketPath = clusterSocket(home)
    const bundle = await bundleGateway(work)
    const start = async (/** @type {string} */ name, /** @type {object} */ connection) => {
      const directory = path.join(work, name)
      fs.mkdirSync(directory)
      const gateway = await startGateway(bundle, directory, { name: 'bench', connection })
      stops.push(gateway.stop)
      return { name, url: gateway.url, prefix: '/k8s/bench', headers: { cookie: gateway.cookie } }
    }
    const proxy = await startKubectlProxy(values.kubectl, kubeconfig)
    stops.push(proxy.stop)
    /** @type {Way[]} */
    const ways = [
      { name: 'direct', url: api.url, prefix: '', headers: { authorization: `Bearer ${api.token}` }, ca: api.ca },
      await start('chiave', { kubeconfig }),
      ...(socketPath ? [await start('chiave, socket', { socketPath, token: api.token })] : []),
      { name: 'kubectl proxy', url: proxy.url, prefix: '', headers: {} },
    ]
    const figures = []
    for (const [what, target, clients] of /** @type {const} */ ([
      ['small get', small, 1],
      ['small get', small, many],
      ['100 kB list', list, 1],
      ['100 kB list', list, many],
    ])) {
      process.stderr.write(`measuring: ${what}, ${clients} clients\n`)
      figures.push({ what, clients, ways: await takeTurns(ways, target, clients, values) })
    }
    return summarize(figures)
  } finally {
    for (const stop of stops.reverse()) await stop()
    fs.rmSync(home, { recursive: true, force: true })
    fs.rmSync(work, { recursive: true, force: true })
  }
}

/** @param {import('./support/api-process.mjs').ApiProcess} api */
async function fill(api) {
  const pool = api.pool(4)
  const create = (/** @type {string} */ target, /** @type {object} */ body) =>
    send(pool, api.token, { method: 'POST', path: target, body: JSON.stringify(body) })
  const map = (/** @type {string} */ name, /** @type {number} */ size) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name },
    data: { payload: 'x'.repeat(size) },
  })
  await create(maps, map('small', 200))
  await create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'listed' } })
  for (let index = 0; index < listed; index++) await create(list, map(`entry-${index}`, 1_700))
  await pool.close()
}

/**
 * The API's own socket, over which the console of an embedded cluster reaches it.
 * @param {string} home
 */
function clusterSocket(home) {
  const file = path.join(home, 'run', 'cluster', 'api.sock')
  return fs.existsSync(file) ? file : undefined
}

/**
 * @param {string} bundle
 * @param {string} directory
 * @param {object} settings
 */
async function startGateway(bundle, directory, settings) {
  const child = spawn(process.execPath, [bundle, JSON.stringify({ directory, ...settings })], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  const url = await firstMatch(child, /gateway at (\S+)/)
  const token = new URL(fs.readFileSync(path.join(directory, 'login-url'), 'utf8').trim()).searchParams.get('token')
  return { url, cookie: await signIn(url, token ?? ''), stop: () => stop(child) }
}

/**
 * @param {string} url
 * @param {string} token
 * @returns {Promise<string>} the session's cookie
 */
function signIn(url, token) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: url }
    const request = http.request(`${url}/auth/login`, { method: 'POST', headers }, (response) => {
      response.resume()
      const cookie = response.headers['set-cookie']?.[0]?.split(';', 1)[0]
      if (cookie) resolve(cookie)
      else reject(new Error(`signing in was answered with ${response.statusCode}`))
    })
    request.on('error', reject).end(new URLSearchParams({ token }).toString())
  })
}

/**
 * @param {string} kubectl
 * @param {string} kubeconfig
 */
async function startKubectlProxy(kubectl, kubeconfig) {
  const child = spawn(kubectl, ['proxy', '--port', '0', '--kubeconfig', kubeconfig], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const address = await firstMatch(child, /Starting to serve on (\S+)/)
  return { url: `http://${address}`, stop: () => stop(child) }
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {RegExp} pattern
 * @returns {Promise<string>}
 */
function firstMatch(child, pattern) {
  return new Promise((resolve, reject) => {
    let output = ''
    child.stdout?.on('data', (chunk) => {
      output += chunk
      const found = pattern.exec(output)?.[1]
      if (found) resolve(found)
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${child.spawnfile} ended with ${code}:\n${output}`)))
  })
}

/** @param {import('node:child_process').ChildProcess} child */
function stop(child) {
  if (child.exitCode !== null) return Promise.resolve()
  const gone = new Promise((resolve) => child.once('exit', () => resolve(undefined)))
  child.kill('SIGTERM')
  return /** @type {Promise<void>} */ (gone)
}

/**
 * @param {readonly Way[]} ways
 * @param {string} target
 * @param {number} clients
 * @param {{ seconds: string, rounds: string }} options
 */
async function takeTurns(ways, target, clients, { seconds, rounds }) {
  const pools = ways.map(
    ({ url, ca }) => new Pool(url, { connections: clients, pipelining: 1, ...(ca ? { connect: { ca } } : {}) }),
  )
  /** @type {{ rates: number[], times: number[] }[]} */
  const measured = ways.map(() => ({ rates: [], times: [] }))
  // The first round warms caches and compilers up, and is forgotten.
  for (let round = 0; round <= Number(rounds); round++) {
    for (const [index, way] of ways.entries()) {
      const pool = /** @type {Pool} */ (pools[index])
      const { rate, times } = await load(pool, way, target, { clients, seconds: round === 0 ? 1 : Number(seconds) })
      if (round === 0) continue
      measured[index]?.rates.push(rate)
      for (const time of times) measured[index]?.times.push(time)
    }
  }
  await Promise.all(pools.map((pool) => pool.close()))
  return ways.map(({ name }, index) => ({
    name,
    rate: median(measured[index]?.rates ?? []),
    median: median(measured[index]?.times ?? []),
  }))
}

/**
 * @param {Pool} pool
 * @param {Way} way
 * @param {string} target
 * @param {{ clients: number, seconds: number }} options
 */
async function load(pool, { prefix, headers }, target, { clients, seconds }) {
  /** @type {number[]} */
  const times = []
  const begin = performance.now()
  const end = begin + seconds * 1000
  await Promise.all(
    Array.from({ length: clients }, async () => {
      for (let now = performance.now(); now < end; now = performance.now()) {
        const { statusCode, body } = await pool.request({ method: 'GET', path: prefix + target, headers })
        await body.dump({ limit: Number.POSITIVE_INFINITY })
        if (statusCode !== 200) throw new Error(`${prefix}${target} was answered with ${statusCode}`)
        times.push(performance.now() - now)
      }
    }),
  )
  return { rate: times.length / ((performance.now() - begin) / 1000), times }
}

/** @param {readonly number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** @param {{ what: string, clients: number, ways: { name: string, rate: number, median: number }[] }[]} figures */
function summarize(figures) {
  const round = (/** @type {number} */ value, digits = 0) => Number(value.toFixed(digits))
  const rows = figures.flatMap(({ what, clients, ways }) => {
    const direct = ways[0]?.median ?? Number.NaN
    const peer = ways.at(-1)?.rate ?? Number.NaN
    return ways.map(({ name, rate, median: time }) => ({
      what,
      clients,
      way: name,
      requestsPerSecond: round(rate),
      medianMs: round(time, 2),
      addedMs: round(time - direct, 2),
      ofKubectlProxy: round(rate / peer, 2),
    }))
  })
  return {
    table: [
      ['what', 'clients', 'way', 'requests/s', 'median ms', 'added ms', '× kubectl proxy'],
      ...rows.map((row) => Object.values(row)),
    ],
    result: { benchmark: 'proxy', aims: { addedMs: 1, ofKubectlProxy: 1.2 }, rows },
  }
}
