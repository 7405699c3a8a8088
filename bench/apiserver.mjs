// @ts-check
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { forgetPeak, memoryOf, requestsPerSecond, send, settle, startApi } from './support/api-process.mjs'
import { helloWorldRate, syncedAppends } from './support/limits.mjs'

/** @typedef {import('./support/api-process.mjs').ApiProcess} ApiProcess */

const maps = '/api/v1/namespaces/default/configmaps'
const machines = '/apis/kubevirt.io/v1/namespaces/default/virtualmachines'
const payload = 'x'.repeat(4096)
/** Clients at once where there are many. */
const many = 32

/**
 * The API server alone: durable creates, gets, a long list, fan-out of watches, start and memory; beside each the limit
 * that this machine sets. `--seconds N` per measurement, `--machines N`, `--directory DIR` for the state's disk.
 * @param {readonly string[]} args
 */
export async function measure(args) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '5' },
      machines: { type: 'string', default: '10000' },
      directory: { type: 'string', default: os.tmpdir() },
      main: { type: 'string' },
    },
  })
  const seconds = Number(values.seconds)
  const count = Number(values.machines)
  const home = fs.mkdtempSync(path.join(values.directory, 'chi-bench-'))
  fs.chmodSync(home, 0o711)
  const options = values.main === undefined ? {} : { main: values.main }
  /** @type {ApiProcess | undefined} */
  let api
  try {
    say('durable creates')
    api = await startApi(home, options)
    // A disk's pace changes from second to second: what it can do is measured before, between and after.
    const appends = [syncedAppends(home, seconds / 4)]
    const cold = await creating(api, 1, seconds)
    const one = await creating(api, 1, seconds)
    appends.push(syncedAppends(home, seconds / 4))
    const creates = { cold, one, many: await creating(api, many, seconds) }
    appends.push(syncedAppends(home, seconds / 4))
    say('gets')
    const gets = await getting(api, seconds)
    const hello = await helloWorld(home, api, seconds / 2)
    say('fan-out')
    const fanOut = await fanningOut(api, seconds)
    say(`${count} machines`)
    await createMachines(api, count)
    await api.stop()
    api = await startApi(home, options)
    const { startSeconds } = api
    await settle(5000)
    const idle = memoryOf(api.pid).resident
    const list = await listing(api)
    return summarize({
      creates,
      appends: appends.sort((a, b) => a - b)[1],
      gets,
      hello,
      fanOut,
      startSeconds,
      idle,
      list,
      count,
    })
  } finally {
    await api?.stop()
    fs.rmSync(home, { recursive: true, force: true })
  }
}

/** @param {string} what */
function say(what) {
  process.stderr.write(`measuring: ${what}\n`)
}

let created = 0

/**
 * @param {ApiProcess} api
 * @param {number} clients
 * @param {number} seconds
 */
function creating(api, clients, seconds) {
  return requestsPerSecond({
    api,
    clients,
    seconds,
    next: () => ({ method: 'POST', path: maps, body: configMap(`made-${created++}`, { payload }) }),
  })
}

/**
 * @param {ApiProcess} api
 * @param {number} seconds
 */
function getting(api, seconds) {
  return requestsPerSecond({
    api,
    clients: many,
    seconds,
    next: (index) => ({ method: 'GET', path: `${maps}/made-${index % Math.min(created, 500)}` }),
  })
}

/**
 * @param {string} home
 * @param {ApiProcess} api
 * @param {number} seconds
 */
function helloWorld(home, api, seconds) {
  const find = (/** @type {string} */ name) =>
    fs
      .readdirSync(home, { recursive: true, encoding: 'utf8' })
      .filter((file) => path.basename(file) === name)
      .map((file) => fs.readFileSync(path.join(home, file), 'utf8'))[0]
  const [certificate, key] = [find('api.crt'), find('api.key')]
  if (certificate === undefined || key === undefined) throw new Error(`no api.crt and api.key below ${home}`)
  return helloWorldRate({ certificate: certificate + api.ca, key, ca: api.ca, clients: many, seconds })
}

const watchers = 100
const eventsPerSecond = 500

/**
 * @param {ApiProcess} api
 * @param {number} seconds
 * @returns {Promise<{ p50: number, p99: number, sent: number, received: number }>} delays in milliseconds
 */
async function fanningOut(api, seconds) {
  const pool = api.pool(8)
  await send(pool, api.token, { method: 'POST', path: '/api/v1/namespaces', body: namespace('fan-out') })
  const target = '/api/v1/namespaces/fan-out/configmaps'
  for (let index = 0; index < 8; index++) {
    await send(pool, api.token, { method: 'POST', path: target, body: configMap(`event-${index}`, {}) })
  }
  const { url, ca, token } = api
  const worker = new Worker(new URL('./support/watchers.mjs', import.meta.url), {
    workerData: { url, ca, token, watchers, path: `${target}?watch=true&resourceVersion=0` },
  })
  const message = () => new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  await message()
  await settle(500)
  const begin = performance.now()
  /** @type {Promise<void>[]} */
  const sending = []
  while (performance.now() - begin < seconds * 1000) {
    const due = Math.floor(((performance.now() - begin) / 1000) * eventsPerSecond)
    while (sending.length < due) sending.push(change(sending.length))
    await settle(1)
  }
  await Promise.all(sending)
  await settle(1000)
  const answer = message()
  worker.postMessage('finish')
  /** @type {number[]} */
  const delays = (await answer).sort((/** @type {number} */ a, /** @type {number} */ b) => a - b)
  await pool.close()
  const at = (/** @type {number} */ part) => delays[Math.min(delays.length - 1, Math.floor(part * delays.length))] ?? 0
  return { p50: at(0.5), p99: at(0.99), sent: sending.length, received: delays.length }

  /** @param {number} index */
  function change(index) {
    const sent = String(performance.timeOrigin + performance.now())
    return send(pool, token, {
      method: 'PATCH',
      path: `${target}/event-${index % 8}`,
      body: JSON.stringify({ data: { sent } }),
      type: 'application/merge-patch+json',
    })
  }
}

/**
 * @param {ApiProcess} api
 * @param {number} count
 */
async function createMachines(api, count) {
  const pool = api.pool(many)
  let next = 0
  await Promise.all(
    Array.from({ length: many }, async () => {
      while (next < count) {
        const name = `machine-${String(next++).padStart(5, '0')}`
        await send(pool, api.token, { method: 'POST', path: machines, body: JSON.stringify(machine(name)) })
      }
    }),
  )
  await pool.close()
}

/**
 * @param {ApiProcess} api
 * @returns {Promise<{ seconds: number, bytes: number, extraMemory: number }>}
 */
async function listing(api) {
  const pool = api.pool(1)
  const before = memoryOf(api.pid).resident
  forgetPeak(api.pid)
  const begin = performance.now()
  const { body } = await pool.request({
    method: 'GET',
    path: '/apis/kubevirt.io/v1/virtualmachines',
    headers: { authorization: `Bearer ${api.token}`, accept: 'application/json' },
  })
  let bytes = 0
  for await (const chunk of body) bytes += chunk.length
  const seconds = (performance.now() - begin) / 1000
  const extraMemory = memoryOf(api.pid).peak - before
  await pool.close()
  return { seconds, bytes, extraMemory }
}

/** @param {any} figures */
function summarize({ creates, appends, gets, hello, fanOut, startSeconds, idle, list, count }) {
  const round = (/** @type {number} */ number, digits = 0) => Number(number.toFixed(digits))
  const megabytes = (/** @type {number} */ bytes) => round(bytes / 1024 / 1024, 1)
  const rows = [
    ['creates/s, 1 client', round(creates.one), 'synced appends/s', round(appends), '≥ 700'],
    ['  the same, just started', round(creates.cold), 'code not compiled yet', '', ''],
    [`creates/s, ${many} clients`, round(creates.many), 'synced appends/s', round(appends), '≥ 2000'],
    [`gets/s, ${many} clients`, round(gets), 'node:https hello/s', round(hello), '≥ 6000'],
    [`list of ${count} (s)`, round(list.seconds, 2), 'MB', megabytes(list.bytes), '< 1.5'],
    ['list, extra memory (MB)', megabytes(list.extraMemory), '', '', '< 150'],
    [`fan-out p50 (ms), ${watchers} × ${eventsPerSecond}/s`, round(fanOut.p50, 1), 'events sent', fanOut.sent, ''],
    ['fan-out p99 (ms)', round(fanOut.p99, 1), 'events received', fanOut.received, '< 100'],
    [`start with ${count} (s)`, round(startSeconds, 2), '', '', '< 1'],
    ['idle memory (MB)', megabytes(idle), '', '', '< 200'],
  ]
  return {
    table: [['what', 'Chiave', 'beside', '', 'aim'], ...rows],
    result: {
      benchmark: 'apiserver',
      createsPerSecond: {
        one: round(creates.one),
        justStarted: round(creates.cold),
        many: round(creates.many),
        syncedAppendsPerSecond: round(appends),
        ratio: round(creates.one / appends, 2),
      },
      getsPerSecond: { many: round(gets), helloWorldPerSecond: round(hello), ratio: round(gets / hello, 2) },
      list: {
        objects: count,
        seconds: round(list.seconds, 3),
        bytes: list.bytes,
        extraMemoryMegabytes: megabytes(list.extraMemory),
      },
      fanOut: {
        watchers,
        eventsPerSecond,
        p50: round(fanOut.p50, 1),
        p99: round(fanOut.p99, 1),
        sent: fanOut.sent,
        received: fanOut.received,
      },
      startSeconds: round(startSeconds, 3),
      idleMegabytes: megabytes(idle),
    },
  }
}

/**
 * @param {string} name
 * @param {Record<string, string>} data
 */
function configMap(name, data) {
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data })
}

/** @param {string} name */
function namespace(name) {
  return JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
}

/** @param {string} name */
function machine(name) {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name, labels: { app: 'bench', 'kubevirt.io/os': 'linux' } },
    spec: {
      runStrategy: 'Halted',
      template: {
        metadata: { labels: { 'kubevirt.io/domain': name } },
        spec: {
          domain: {
            cpu: { cores: 2 },
            devices: {
              disks: [
                { name: 'root', disk: { bus: 'virtio' } },
                { name: 'cloudinit', disk: { bus: 'virtio' } },
              ],
              interfaces: [{ name: 'default', masquerade: {} }],
            },
            memory: { guest: '2Gi' },
          },
          networks: [{ name: 'default', pod: {} }],
          volumes: [
            { name: 'root', dataVolume: { name: `${name}-root` } },
            { name: 'cloudinit', cloudInitNoCloud: { userData: '#cloud-config\nhostname: bench\n' } },
          ],
        },
      },
    },
  }
}
