import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { guestPackages, kernels } from './packages.mjs'

const execute = promisify(execFile)
const options = { maxBuffer: 64 * 1024 ** 2, env: { ...process.env, LC_ALL: 'C.UTF-8' } }

/** Runs a program and gives its output; its error carries what it printed. */
export async function run(program, ...args) {
  return (await execute(program, args, options)).stdout
}

/** What apt knows of packages: name → what it depends on, for those of the names that exist. */
async function lookUp(names) {
  // It ends with an error when it knows only some of them, and prints those nevertheless.
  const text = await run('apt-cache', 'show', '--no-all-versions', ...names).catch((error) =>
    String(error.stdout ?? ''),
  )
  const stanzas = text.split(/\n\n+/).map((stanza) => {
    const field = (name) => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1] ?? ''
    return [
      field('Package'),
      field('Depends')
        .split(/[,|]/)
        .map((dependency) => dependency.trim().split(/[\s:]/)[0]),
    ]
  })
  return new Map(stanzas.filter(([name]) => name))
}

function firstOf(names, known) {
  const name = names.find((candidate) => known.has(candidate))
  if (name) return name
  throw new Error(
    `None of the packages ${names.join(', ')} is known to apt. Run “apt-get update” (as root), then try again.`,
  )
}

/** The packages that hold the kernel and its modules, found through the package that always depends on the present one. */
async function kernelPackages(flavour, known) {
  const meta = firstOf(kernels[flavour], known)
  const image = known.get(meta).find((name) => /^linux-image-(unsigned-)?\d/.test(name))
  if (!image) throw new Error(`The package ${meta} names no kernel.`)
  const depends = (await lookUp([image])).get(image) ?? []
  return [image, ...depends.filter((name) => /^linux-modules-\d/.test(name))]
}

/** Which directories of modules are looked into; the whole tree is 400 MB. */
const kernelFiles = [
  '*/boot/vmlinuz-*',
  ...['arch', 'block', 'crypto', 'fs', 'lib', 'net/core', 'net/packet'].map((part) => `*/kernel/${part}/*`),
  ...[
    'acpi',
    'ata',
    'block',
    'cdrom',
    'char/hw_random',
    'dca',
    'hid',
    'i2c/algos',
    'i2c/i2c-core*',
    'input',
    'net',
    'pps',
    'ptp',
  ]
    .concat(['scsi', 'usb', 'virtio', 'char/virtio_console*', 'mfd', 'powercap', 'firmware'])
    .map((part) => `*/kernel/drivers/${part}${part.endsWith('*') ? '' : '/*'}`),
]

/** @returns name of package → URI, file, size and checksum as apt knows them */
async function locate(names) {
  const text = await run('apt-get', 'download', '--print-uris', ...names)
  const found = [...text.matchAll(/^'(\S+)' (\S+) (\d+) (?:(SHA256|SHA512):([0-9a-f]+))?/gm)]
  return found.map(([, , file, size, algorithm, checksum]) => ({ file, size: Number(size), algorithm, checksum }))
}

function intact(path, { size, algorithm, checksum }) {
  if (!existsSync(path)) return false
  const bytes = readFileSync(path)
  return bytes.length === size && (!algorithm || createHash(algorithm).update(bytes).digest('hex') === checksum)
}

/** Has apt download, and verify, what is not there yet. */
async function download(names, directory) {
  mkdirSync(directory, { recursive: true })
  const debs = await locate(names)
  const missing = debs.filter((deb) => !intact(join(directory, deb.file), deb))
  if (missing.length > 0) {
    const wanted = names.filter((name) => missing.some(({ file }) => file.startsWith(`${name}_`)))
    const sandbox = process.getuid() === 0 ? ['-o', 'APT::Sandbox::User=root'] : []
    // Another build may be at it: whole files only get their name there.
    const arrivals = mkdtempSync(join(directory, 'new-'))
    await execute('apt-get', ['-q', ...sandbox, 'download', ...wanted], { ...options, cwd: arrivals })
    for (const name of readdirSync(arrivals)) renameSync(join(arrivals, name), join(directory, name))
    rmSync(arrivals, { recursive: true })
  }
  for (const deb of debs)
    if (!intact(join(directory, deb.file), deb)) throw new Error(`The download of ${deb.file} is damaged.`)
  return debs.map(({ file }) => join(directory, file))
}

/** Takes only the wanted files out of a package. */
async function extract(deb, directory, patterns) {
  const unpack = spawn('dpkg-deb', ['--fsys-tarfile', deb], { stdio: ['ignore', 'pipe', 'inherit'] })
  const args = ['-x', '-C', directory, '--no-same-owner', '--wildcards', ...patterns]
  const tar = spawn('tar', args, { stdio: [unpack.stdout, 'ignore', 'pipe'] })
  // The pipe is tar's now.
  unpack.stdout.destroy()
  let complaints = ''
  tar.stderr.on('data', (data) => (complaints += data))
  const ended = (child, event) => new Promise((done, reject) => child.once('error', reject).once(event, done))
  const [unpacked] = await Promise.all([ended(unpack, 'exit'), ended(tar, 'close')])
  if (unpacked !== 0) throw new Error(`${deb} can not be unpacked.`)
  // Patterns that match nothing are fine, where each kernel differs; the files themselves are checked when they are used.
  const real = complaints.split('\n').filter((line) => line && !/Not found in archive|Exiting with failure/.test(line))
  if (real.length > 0) throw new Error(`${deb}: ${real.join('; ')}`)
}

/**
 * Downloads the packages and unpacks what the image needs of them.
 * @param cache keeps the packages from one build to the next
 * @returns the names of the packages' files, which tell their versions
 */
export async function fetchPackages({ cache, tree, flavour }) {
  const known = await lookUp([...guestPackages.flatMap(({ names }) => names), ...kernels[flavour]])
  const chosen = guestPackages.map(({ names, files }) => ({ name: firstOf(names, known), files }))
  for (const name of await kernelPackages(flavour, known)) chosen.push({ name, files: kernelFiles })
  const debs = await download(
    chosen.map(({ name }) => name),
    cache,
  )
  mkdirSync(tree, { recursive: true })
  await Promise.all(
    chosen.map(({ name, files }) => {
      const deb = debs.find((path) => path.includes(`/${name}_`))
      if (!deb) throw new Error(`apt did not give the package ${name}.`)
      return extract(deb, tree, files)
    }),
  )
  return debs.map((path) => path.slice(path.lastIndexOf('/') + 1)).sort()
}
