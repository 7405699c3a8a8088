import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { findModules, installModules } from './modules.mjs'
import { bootModules, guestModules } from './packages.mjs'

/** The one path below `tree` whose name fits. */
export function findFile(tree, pattern) {
  const found = readdirSync(tree, { recursive: true }).filter((path) => pattern.test(path))
  const path = found.map((name) => join(tree, name)).find((name) => !lstatSync(name).isDirectory())
  if (!path) throw new Error(`The packages hold nothing like ${pattern}.`)
  return path
}

function put(source, target, mode) {
  mkdirSync(dirname(target), { recursive: true })
  cpSync(source, target, { dereference: true })
  chmodSync(target, mode)
}

function emptyDirectories(root, names, mode = 0o755) {
  for (const name of names) {
    mkdirSync(join(root, name), { recursive: true })
    chmodSync(join(root, name), mode)
  }
}

/** Links busybox' applets, but where a real program of that name is. */
function linkApplets(busybox, directory, { except = [] } = {}) {
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n')
  for (const applet of applets)
    if (applet && !except.includes(applet) && !existsSync(join(directory, applet)))
      symlinkSync('busybox', join(directory, applet))
}

/** Modes that the working tree may have lost: git keeps only the executable bit. */
function setModes(root) {
  const modes = { 'etc/shadow': 0o600, root: 0o700, 'home/chiave': 0o750, tmp: 0o1777, 'usr/lib/chiave/su': 0o4750 }
  for (const [name, mode] of Object.entries(modes)) chmodSync(join(root, name), mode)
}

/** Whom the files belong to that are not root's. */
export const owners = { '/home/chiave': [1000, 1000], '/usr/lib/chiave/su': [0, 10] }

/** The root file system's content: Debian's files, ours from `guest/root`, the kernel's modules. */
export function composeRoot({ tree, guest, target, busybox }) {
  rmSync(target, { recursive: true, force: true })
  emptyDirectories(target, [
    'usr/bin',
    'usr/lib',
    'dev',
    'proc',
    'sys',
    'run',
    'tmp',
    'mnt',
    'root',
    'home/chiave',
    'etc/dropbear',
  ])
  emptyDirectories(target, ['var/lib/chiave', 'var/log', 'usr/local/bin'])
  for (const [link, to] of [
    ['bin', 'usr/bin'],
    ['sbin', 'usr/bin'],
    ['usr/sbin', 'bin'],
    ['lib', 'usr/lib'],
    ['lib64', 'usr/lib'],
    ['var/run', '../run'],
  ])
    symlinkSync(to, join(target, link))
  cpSync(join(guest, 'root'), target, { recursive: true })
  put(busybox, join(target, 'usr/bin/busybox'), 0o755)
  put(busybox, join(target, 'usr/lib/chiave/su'), 0o755)
  for (const applet of ['su', 'passwd', 'ping', 'ping6', 'traceroute'])
    symlinkSync('../lib/chiave/su', join(target, 'usr/bin', applet))
  for (const program of ['dropbear', 'dropbearkey', 'resize2fs'])
    put(findFile(tree, new RegExp(`bin/${program}$`)), join(target, 'usr/bin', program), 0o755)
  linkApplets(busybox, join(target, 'usr/bin'))
  const libraries = readdirSync(tree, { recursive: true }).filter((path) =>
    /lib.*\/(ld-linux-|lib)[^/]*\.so\.\d+$/.test(path),
  )
  // Under the name that programs ask for; Debian's is a link to the full version.
  for (const path of libraries) put(realpathSync(join(tree, path)), join(target, 'usr/lib', basename(path)), 0o755)
  for (const [link, to] of [
    ['etc/resolv.conf', '../run/resolv.conf'],
    ['etc/issue', '../run/issue'],
    ['etc/mtab', '/proc/mounts'],
  ])
    symlinkSync(to, join(target, link))
  installModules(findModules(tree), guestModules, target, busybox)
  setModes(target)
}

/** What finds and mounts the root file system. */
export function composeInitramfs({ tree, guest, target, busybox }) {
  rmSync(target, { recursive: true, force: true })
  emptyDirectories(target, ['bin', 'dev', 'proc', 'sys'])
  put(busybox, join(target, 'bin/busybox'), 0o755)
  for (const applet of [
    'sh',
    'mount',
    'modprobe',
    'cat',
    'findfs',
    'usleep',
    'sleep',
    'reboot',
    'readlink',
    'printf',
    'dd',
    'sync',
    'blockdev',
    'mkdir',
    'switch_root',
  ])
    symlinkSync('busybox', join(target, 'bin', applet))
  put(join(guest, 'init'), join(target, 'init'), 0o755)
  installModules(findModules(tree), bootModules, target, busybox)
}

/** Writes a text that leaves a trace of what the image was made of. */
export function writeSources(target, sources) {
  writeFileSync(join(target, 'usr/lib/chiave/sources'), `${sources.join('\n')}\n`)
}
