// @ts-check
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'

/** @typedef {{ work: string, unpacked: string, kernelVersion: string, sources: string }} Context */

/** What it takes to reach the root file system, whatever bus its disk is on. */
const bootModules = ['virtio_pci', 'virtio_blk', 'virtio_scsi', 'sd_mod', 'nvme', 'ata_piix', 'ext4']

/**
 * The initramfs: BusyBox, the modules above in loading order, and the script that finds the root.
 * @param {Context} context
 * @returns {string} the file
 */
export function makeInitramfs(context) {
  const { work, unpacked, sources } = context
  const tree = path.join(work, 'initramfs')
  for (const directory of ['bin', 'dev', 'modules', 'proc', 'root', 'sys']) {
    fs.mkdirSync(path.join(tree, directory), { recursive: true })
  }
  fs.copyFileSync(path.join(unpacked, 'bin/busybox'), path.join(tree, 'bin/busybox'))
  fs.chmodSync(path.join(tree, 'bin/busybox'), 0o755)
  fs.copyFileSync(path.join(sources, 'initramfs/init'), path.join(tree, 'init'))
  fs.chmodSync(path.join(tree, 'init'), 0o755)
  const modules = withDependencies(context, bootModules)
  for (const module of modules) {
    fs.copyFileSync(path.join(modulesOf(context), module), path.join(tree, 'modules', path.basename(module)))
  }
  fs.writeFileSync(path.join(tree, 'modules/order'), `${modules.map((module) => path.basename(module)).join('\n')}\n`)
  const list = execFileSync('find', ['.', '-print'], { cwd: tree, encoding: 'utf8' })
  const archive = execFileSync(path.join(unpacked, 'bin/busybox'), ['cpio', '-o', '-H', 'newc', '-R', '0:0'], {
    cwd: tree,
    input: list,
    maxBuffer: 1 << 28,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const file = path.join(work, 'initrd.gz')
  fs.writeFileSync(file, gzipSync(archive, { level: 9 }))
  return file
}

/**
 * The root file system's tree.
 * @param {Context} context
 * @returns {string} the directory
 */
export function makeRootTree(context) {
  const { work, unpacked, sources, kernelVersion } = context
  const tree = path.join(work, 'root')
  for (const directory of [
    'dev',
    'proc',
    'sys',
    'run',
    'tmp',
    'root',
    'home',
    'mnt',
    'bin',
    'sbin',
    'usr/bin',
    'usr/sbin',
    'var/log',
    'var/lib',
  ]) {
    fs.mkdirSync(path.join(tree, directory), { recursive: true })
  }
  fs.cpSync(path.join(sources, 'rootfs'), tree, { recursive: true })
  fs.chmodSync(path.join(tree, 'etc/shadow'), 0o600)
  for (const script of [
    'etc/init.d/boot',
    'etc/init.d/halt',
    'etc/acpi/PWRF/00000080',
    'etc/udhcpc/script',
    'usr/lib/chiave/apply-seed',
  ]) {
    fs.chmodSync(path.join(tree, script), 0o755)
  }
  fs.chmodSync(path.join(tree, 'root'), 0o700)
  fs.chmodSync(path.join(tree, 'tmp'), 0o1777)
  installBusybox(unpacked, tree)
  installPrograms(unpacked, tree, ['sbin/resize2fs', 'usr/sbin/dropbear', 'usr/bin/dropbearkey'])
  const wanted = fs.readFileSync(path.join(sources, 'rootfs/etc/modules'), 'utf8').trim().split('\n')
  for (const module of withDependencies(context, [...bootModules, ...wanted])) {
    const target = path.join(tree, 'lib/modules', kernelVersion, module)
    fs.mkdirSync(path.dirname(target), { recursive: true })
    fs.copyFileSync(path.join(modulesOf(context), module), target)
  }
  for (const file of ['modules.order', 'modules.builtin']) {
    fs.copyFileSync(path.join(modulesOf(context), file), path.join(tree, 'lib/modules', kernelVersion, file))
  }
  execFileSync(path.join(unpacked, 'bin/busybox'), ['depmod', '-b', tree, kernelVersion], { stdio: 'ignore' })
  return tree
}

/**
 * BusyBox under each of its names; `su` is a copy of its own because it alone is setuid.
 * @param {string} unpacked
 * @param {string} tree
 */
function installBusybox(unpacked, tree) {
  const busybox = path.join(unpacked, 'bin/busybox')
  fs.copyFileSync(busybox, path.join(tree, 'bin/busybox'))
  fs.chmodSync(path.join(tree, 'bin/busybox'), 0o755)
  const names = execFileSync(busybox, ['--list-full'], { encoding: 'utf8' }).trim().split('\n')
  for (const name of names) {
    const link = path.join(tree, name)
    if (name === 'bin/busybox' || fs.existsSync(link)) continue
    fs.mkdirSync(path.dirname(link), { recursive: true })
    fs.symlinkSync('/bin/busybox', link)
  }
  fs.rmSync(path.join(tree, 'bin/su'), { force: true })
  fs.copyFileSync(busybox, path.join(tree, 'bin/su'))
  fs.chmodSync(path.join(tree, 'bin/su'), 0o4755)
}

/**
 * Programs that are linked dynamically, with the libraries they name and those name in turn.
 * @param {string} unpacked
 * @param {string} tree
 * @param {string[]} programs
 */
function installPrograms(unpacked, tree, programs) {
  const libraries = new Map()
  for (const directory of ['lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu']) {
    for (const name of fs.existsSync(path.join(unpacked, directory))
      ? fs.readdirSync(path.join(unpacked, directory))
      : []) {
      libraries.set(name, path.join(unpacked, directory, name))
    }
  }
  const pending = programs.map((program) => ({ from: path.join(unpacked, program), to: path.join(tree, program) }))
  pending.push({
    from: fs.realpathSync(path.join(unpacked, 'lib/x86_64-linux-gnu/ld-linux-x86-64.so.2')),
    to: path.join(tree, 'lib64/ld-linux-x86-64.so.2'),
  })
  const done = new Set()
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (done.has(next.to)) continue
    done.add(next.to)
    fs.rmSync(next.to, { force: true })
    fs.mkdirSync(path.dirname(next.to), { recursive: true })
    fs.copyFileSync(next.from, next.to)
    fs.chmodSync(next.to, 0o755)
    // The names of needed libraries stand as plain strings in the dynamic section; no ELF tool is asked of the host.
    const text = fs.readFileSync(next.from, 'latin1')
    for (const [name] of text.matchAll(/lib[a-zA-Z0-9_+-]+\.so(?:\.\d+)*/g)) {
      const found = libraries.get(name)
      if (found) pending.push({ from: fs.realpathSync(found), to: path.join(tree, 'lib/x86_64-linux-gnu', name) })
    }
  }
}

/** @param {Context} context */
function modulesOf({ unpacked, kernelVersion }) {
  return path.join(unpacked, 'lib/modules', kernelVersion)
}

/**
 * The files of modules and of all they need, each after what it needs; what the kernel has built in is left out.
 * @param {Context} context
 * @param {string[]} names
 * @returns {string[]} paths below the modules' directory
 */
function withDependencies(context, names) {
  const directory = modulesOf(context)
  const table = path.join(directory, 'modules.dep')
  if (!fs.existsSync(table)) {
    execFileSync(
      path.join(context.unpacked, 'bin/busybox'),
      ['depmod', '-b', context.unpacked, context.kernelVersion],
      { stdio: 'ignore' },
    )
  }
  const dependencies = new Map()
  for (const line of fs.readFileSync(table, 'utf8').trim().split('\n')) {
    const [file = '', needs = ''] = line.split(':')
    dependencies.set(moduleName(file), {
      file,
      needs: needs
        .trim()
        .split(/\s+/)
        .filter((need) => need !== ''),
    })
  }
  /** @type {string[]} */
  const ordered = []
  /** @param {string} name */
  const add = (name) => {
    const entry = dependencies.get(name)
    if (!entry || ordered.includes(entry.file)) return
    for (const need of entry.needs) add(moduleName(need))
    if (!ordered.includes(entry.file)) ordered.push(entry.file)
  }
  for (const name of names) add(name)
  return ordered
}

/** @param {string} file */
function moduleName(file) {
  return path.basename(file, '.ko').replaceAll('-', '_')
}
