import { execFileSync } from 'node:child_process'
import { lutimesSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { packCpio } from './cpio.mjs'
import { fetchPackages } from './debs.mjs'
import { assembleDisk, makeBootPartition, makeRootPartition } from './disk.mjs'
import { hostPackages, hostPrograms, kernels } from './packages.mjs'
import { composeInitramfs, composeRoot, findFile, owners, writeSources } from './rootfs.mjs'

/*
 * Builds “Chiave demo Linux”: a small bootable disk for BIOS and UEFI out of Debian packages, as any user.
 *   npm run image:demo -- --out FILE [--work DIR] [--kernel generic|cloud]
 */

const guest = fileURLToPath(new URL('./guest', import.meta.url))
const repository = fileURLToPath(new URL('../..', import.meta.url))
const MiB = 1024 ** 2
const ROOT_BYTES = 48 * MiB
/** Every file's time, so that the same packages make the same image. */
const STAMP = Number(process.env.SOURCE_DATE_EPOCH ?? 1_735_689_600)
/** `cryptomgr.notests`: in emulation the kernel's self-tests of its ciphers take more time than all drivers together. */
const commandLine = [
  ...['console=tty0', 'console=ttyS0,115200', 'quiet', 'loglevel=3', 'panic=10'],
  ...['net.ifnames=0', 'random.trust_cpu=on', 'cryptomgr.notests'],
].join(' ')

process.env.PATH = `${process.env.PATH}:/usr/sbin:/sbin`

function readArguments() {
  const options = {
    out: { type: 'string', default: join(repository, '.cache/chiave-demo.qcow2') },
    work: { type: 'string', default: join(repository, '.cache/image-demo') },
    kernel: { type: 'string', default: 'generic' },
  }
  const { values } = parseArgs({ options })
  if (!(values.kernel in kernels)) throw new Error(`--kernel is one of ${Object.keys(kernels).join(', ')}.`)
  return { out: resolve(values.out), work: resolve(values.work), kernel: values.kernel }
}

function checkHost() {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('The demo image is built on Linux on amd64 alone: its boot loader has to run here.')
  const missing = hostPrograms.filter((program) => {
    try {
      execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' })
      return false
    } catch {
      // Not found: that is what is asked.
      return true
    }
  })
  if (missing.length > 0)
    throw new Error(
      `Missing on this host: ${missing.join(', ')}. Install them with: apt-get install ${hostPackages.join(' ')}`,
    )
}

function setTimes(directory) {
  for (const name of ['', ...readdirSync(directory, { recursive: true })])
    lutimesSync(join(directory, name), STAMP, STAMP)
}

async function timed(what, step) {
  const begin = performance.now()
  const result = await step()
  console.log(`${what} (${((performance.now() - begin) / 1000).toFixed(1)} s)`)
  return result
}

async function build() {
  const { out, work, kernel } = readArguments()
  checkHost()
  mkdirSync(work, { recursive: true })
  mkdirSync(dirname(out), { recursive: true })
  const place = mkdtempSync(join(work, 'build-'))
  try {
    await buildIn(place, { out, cache: join(work, 'debs'), kernel })
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
  console.log(`${out}: ${(statSync(out).size / MiB).toFixed(1)} MiB`)
}

async function buildIn(place, { out, cache, kernel }) {
  const tree = join(place, 'packages')
  const fetched = () => fetchPackages({ cache, tree, flavour: kernel })
  const sources = await timed('Packages fetched and unpacked', fetched)
  const busybox = findFile(tree, /bin\/busybox$/)
  const rootTree = join(place, 'root')
  const bootTree = join(place, 'initramfs')
  await timed('Files put together', () => {
    composeRoot({ tree, guest, target: rootTree, busybox })
    writeSources(rootTree, sources)
    composeInitramfs({ tree, guest, target: bootTree, busybox })
    setTimes(rootTree)
  })
  const text = (name) => Buffer.from(readFileSync(join(guest, name), 'utf8').replace('@CMDLINE@', commandLine))
  const files = {
    vmlinuz: readFileSync(findFile(tree, /boot\/vmlinuz-/)),
    initrd: gzipSync(packCpio(bootTree, STAMP), { level: 9 }),
    'syslinux.cfg': text('syslinux.cfg'),
    'EFI/BOOT/BOOTX64.EFI': readFileSync(findFile(tree, /systemd-bootx64\.efi$/)),
    'loader/loader.conf': text('loader.conf'),
    'loader/entries/chiave.conf': text('loader-entry.conf'),
  }
  const [boot, root, raw] = ['boot.img', 'root.img', 'disk.raw'].map((name) => join(place, name))
  await timed('Disk written', async () => {
    const bootBytes = await makeBootPartition(boot, files, {
      syslinux: findFile(tree, /usr\/bin\/syslinux$/),
      stamp: STAMP,
    })
    await makeRootPartition(root, rootTree, { bytes: ROOT_BYTES, stamp: STAMP, owners })
    await assembleDisk({ mbr: findFile(tree, /mbr\.bin$/), boot, bootBytes, root, rootBytes: ROOT_BYTES, raw, out })
  })
}

try {
  await timed('Done', build)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
