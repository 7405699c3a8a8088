// @ts-check
import { execFileSync, spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { startBenchInstance, until } from './support/instance.mjs'

/** @typedef {import('./support/instance.mjs').Instance} Instance */

/**
 * What makes a boot of Chiave's one that can be done again by hand.
 * @typedef {object} Recorded
 * @property {string[]} command QEMU and its arguments, with names relative to the run directory
 * @property {string} runDirectory
 * @property {string} disk the path of the guest's disk, as it stands in the command
 */

const machines = '/apis/kubevirt.io/v1/namespaces/default/virtualmachines'
const volumes = '/apis/cdi.kubevirt.io/v1beta1/namespaces/default/datavolumes'
const claims = '/api/v1/namespaces/default/persistentvolumeclaims'
const prompt = /login: $/m
/** Milliseconds between looks at the serial log, on both sides. */
const look = 20

/**
 * The time from Create, with the image already imported, to the guest's prompt through a running Chiave, against the
 * very same QEMU command line run by hand on a copy of the same disk. `--pairs N` alternating pairs, medians.
 * @param {readonly string[]} args
 */
export async function measure(args) {
  const { values } = parseArgs({ args: [...args], options: { pairs: { type: 'string', default: '5' } } })
  const pairs = Number(values.pairs)
  const instance = await startBenchInstance()
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'chi-hand-'))
  try {
    const pristine = await importImage(instance)
    // Fills the caches of the host, and tells how Chiave runs QEMU.
    const { recorded } = await bootWithChiave({ instance, name: 'warm-up', scratch })
    /** @type {{ chiave: number, hand: number }[]} */
    const times = []
    for (let pair = 0; pair < pairs; pair++) {
      const byHand = () => bootByHand({ recorded, pristine, scratch })
      const byChiave = async () => (await bootWithChiave({ instance, name: `pair-${pair}`, scratch })).seconds
      const handFirst = pair % 2 === 1
      const first = handFirst ? await byHand() : await byChiave()
      const second = handFirst ? await byChiave() : await byHand()
      times.push(handFirst ? { hand: first, chiave: second } : { chiave: first, hand: second })
      process.stdout.write(
        `pair ${pair + 1}: Chiave ${last(times).chiave.toFixed(2)} s, by hand ${last(times).hand.toFixed(2)} s\n`,
      )
    }
    return summarize(times)
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true })
    await instance.stop()
  }
}

/** @param {readonly { chiave: number, hand: number }[]} times */
function summarize(times) {
  const chiave = median(times.map((pair) => pair.chiave))
  const hand = median(times.map((pair) => pair.hand))
  const limit = Math.max(1.15 * hand, hand + 0.5)
  const round = (/** @type {number} */ number) => Math.round(number * 1000) / 1000
  return {
    table: [
      ['pair', 'Chiave (s)', 'by hand (s)', 'ratio'],
      ...times.map((pair, index) => [
        index + 1,
        pair.chiave.toFixed(2),
        pair.hand.toFixed(2),
        (pair.chiave / pair.hand).toFixed(2),
      ]),
      ['median', chiave.toFixed(2), hand.toFixed(2), (chiave / hand).toFixed(2)],
    ],
    result: {
      benchmark: 'boot',
      unit: 'seconds',
      pairs: times.map((pair) => ({ chiave: round(pair.chiave), hand: round(pair.hand) })),
      median: { chiave: round(chiave), hand: round(hand) },
      ratio: round(chiave / hand),
      aim: { limitSeconds: round(limit), met: chiave <= limit },
    },
  }
}

/**
 * Imports the demo image once.
 * @param {Instance} instance
 * @returns {Promise<string>} the path of its disk, which no guest has touched
 */
async function importImage(instance) {
  const source = { http: { url: `${instance.apiUrl}/images/chiave-demo.qcow2`, certConfigMap: 'kube-root-ca.crt' } }
  await makeDisk(instance, 'image', source)
  const claim = await instance.call('GET', `${claims}/image`)
  return diskPath(instance, claim.metadata.uid)
}

/**
 * @param {Instance} instance
 * @param {string} name
 * @param {object} source
 */
async function makeDisk(instance, name, source) {
  await instance.call('POST', volumes, {
    apiVersion: 'cdi.kubevirt.io/v1beta1',
    kind: 'DataVolume',
    metadata: { name },
    spec: { source, storage: { resources: { requests: { storage: '256Mi' } } } },
  })
  await until(`the disk ${name}`, async () => {
    const { status } = await instance.call('GET', `${volumes}/${name}`)
    if (status?.phase === 'Failed') throw new Error(`the disk ${name} failed: ${JSON.stringify(status)}`)
    return status?.phase === 'Succeeded' ? true : undefined
  })
}

/**
 * @param {Instance} instance
 * @param {string} uid of the claim
 */
function diskPath({ home }, uid) {
  const nodes = path.join(home, 'nodes')
  const found = fs
    .readdirSync(nodes)
    .map((node) => path.join(nodes, node, 'disks', uid, 'disk.img'))
    .find((file) => fs.existsSync(file))
  if (!found) throw new Error(`no disk of the claim ${uid} below ${nodes}`)
  return found
}

/**
 * One machine, from its creation to its prompt, and gone again.
 * @param {{ instance: Instance, name: string, scratch: string }} options
 * @returns {Promise<{ seconds: number, recorded: Recorded }>}
 */
async function bootWithChiave({ instance, name, scratch }) {
  await makeDisk(instance, name, { pvc: { namespace: 'default', name: 'image' } })
  const claim = await instance.call('GET', `${claims}/${name}`)
  const begin = performance.now()
  await instance.call('POST', machines, machine(name))
  const runDirectory = await until('the run directory', () => findRunDirectory(instance.home), { every: look })
  await until('the prompt', () => promptIn(runDirectory), { every: look })
  const seconds = (performance.now() - begin) / 1000
  const pid = qemuIn(runDirectory)
  if (pid === undefined) throw new Error(`no QEMU works in ${runDirectory}`)
  const command = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
  // What the guest starts from is kept with its command line: the directory goes with the machine.
  const kept = fs.mkdtempSync(path.join(scratch, 'kept-'))
  for (const file of fs.readdirSync(runDirectory)) {
    if (/\.(iso|fd)$/.test(file)) fs.copyFileSync(path.join(runDirectory, file), path.join(kept, file))
  }
  await instance.call('DELETE', `${machines}/${name}`)
  await until('the end of the guest', () => (fs.existsSync(`/proc/${pid}`) ? undefined : true))
  await instance.call('DELETE', `${volumes}/${name}`)
  return { seconds, recorded: { command, runDirectory: kept, disk: diskPathOrName(command, claim.metadata.uid) } }
}

/**
 * @param {readonly string[]} command
 * @param {string} uid
 */
function diskPathOrName(command, uid) {
  const found = command.join('\n').match(new RegExp(`[^",=\\n]*${uid}[^",\\n]*`))
  if (!found) throw new Error('QEMU’s command line does not name the disk')
  return found[0]
}

/** @param {string} name */
function machine(name) {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name },
    spec: {
      runStrategy: 'Always',
      template: {
        spec: {
          terminationGracePeriodSeconds: 0,
          domain: {
            devices: {
              disks: [
                { name: 'root', disk: { bus: 'virtio' } },
                { name: 'cloudinit', disk: { bus: 'virtio' } },
              ],
              interfaces: [{ name: 'default', masquerade: {} }],
            },
            memory: { guest: '256Mi' },
          },
          networks: [{ name: 'default', pod: {} }],
          volumes: [
            { name: 'root', dataVolume: { name } },
            { name: 'cloudinit', cloudInitNoCloud: { userData: '#cloud-config\nhostname: bench\n' } },
          ],
        },
      },
    },
  }
}

/**
 * @param {string} home
 * @returns {string | undefined} of the only machine
 */
function findRunDirectory(home) {
  const nodes = path.join(home, 'nodes')
  return fs
    .readdirSync(nodes)
    .map((node) => path.join(nodes, node, 'machines'))
    .filter((directory) => fs.existsSync(directory))
    .flatMap((directory) => fs.readdirSync(directory).map((id) => path.join(directory, id, 'run')))
    .find((directory) => fs.existsSync(path.join(directory, 'serial.log')))
}

/** @param {string} runDirectory */
function promptIn(runDirectory) {
  const log = path.join(runDirectory, 'serial.log')
  return fs.existsSync(log) && prompt.test(fs.readFileSync(log, 'latin1')) ? true : undefined
}

/**
 * @param {string} runDirectory
 * @returns {number | undefined}
 */
function qemuIn(runDirectory) {
  const real = fs.realpathSync(runDirectory)
  return fs
    .readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .find((pid) => {
      try {
        const name = fs.readFileSync(`/proc/${pid}/comm`, 'utf8')
        return /^(qemu-system|chiave)/.test(name) && fs.readlinkSync(`/proc/${pid}/cwd`) === real
      } catch {
        // It ended between the listing and this read.
        return false
      }
    })
}

/**
 * The same command in a directory of its own on a fresh copy of the disk, let run at once instead of by the monitor.
 * @param {{ recorded: Recorded, pristine: string, scratch: string }} options
 * @returns {Promise<number>} seconds
 */
async function bootByHand({ recorded, pristine, scratch }) {
  const directory = fs.mkdtempSync(path.join(scratch, 'run-'))
  fs.cpSync(recorded.runDirectory, directory, { recursive: true })
  fs.mkdirSync(path.join(directory, 'output'))
  const disk = path.join(directory, 'disk.img')
  execFileSync('cp', ['--sparse=always', pristine, disk])
  const [program = '', ...args] = recorded.command
    .filter((argument) => argument !== '-S')
    .map((argument) => argument.replaceAll(recorded.disk, disk))
  const begin = performance.now()
  const child = spawn(program, args, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] })
  let words = ''
  child.stderr.on('data', (chunk) => (words += chunk))
  const exited = new Promise((resolve) => child.once('exit', resolve))
  try {
    await until(
      'the prompt by hand',
      () => {
        if (child.exitCode !== null) throw new Error(`QEMU by hand ended: ${words}`)
        return promptIn(directory)
      },
      { every: look },
    )
    return (performance.now() - begin) / 1000
  } finally {
    child.kill('SIGKILL')
    await exited
    fs.rmSync(directory, { recursive: true, force: true })
  }
}

/** @param {readonly number[]} numbers */
function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/**
 * @template T
 * @param {readonly T[]} list not empty
 * @returns {T}
 */
function last(list) {
  return /** @type {T} */ (list.at(-1))
}
