import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'

const plain = (name) =>
  basename(name)
    .replace(/\.ko(\.xz|\.zst|\.gz)?$/, '')
    .replaceAll('-', '_')

function read(path) {
  const limit = { maxBuffer: 64 * 1024 ** 2 }
  if (path.endsWith('.xz')) return execFileSync('xz', ['-dc', path], limit)
  if (path.endsWith('.zst')) return execFileSync('zstd', ['-dcq', path], limit)
  return readFileSync(path)
}

const SIGNATURE = Buffer.from('~Module signature appended~\n')

/**
 * A module without its signature (Linux Documentation/admin-guide/module-signing.rst): nothing here enforces them, and to
 * verify each takes its time in emulation.
 */
function unsigned(bytes) {
  const end = bytes.length - SIGNATURE.length
  if (!bytes.subarray(end).equals(SIGNATURE)) return bytes
  return bytes.subarray(0, end - 12 - bytes.readUInt32BE(end - 4))
}

/** The values of one key in a module's `.modinfo` section: NUL-terminated `key=value` texts. */
function modinfo(bytes, key) {
  const text = bytes.toString('latin1')
  return [...text.matchAll(new RegExp(`\\0${key}=([^\\0]*)`, 'g'))].map(([, value]) => value)
}

/** The kernel's modules by name, out of an unpacked package. */
export function findModules(tree) {
  const lib = ['lib/modules', 'usr/lib/modules']
    .map((part) => join(tree, part))
    .find((path) => {
      try {
        return readdirSync(path).length > 0
      } catch {
        // The other of the two places.
        return false
      }
    })
  if (!lib) throw new Error('The kernel package has no modules.')
  const [version] = readdirSync(lib)
  const root = join(lib, version)
  const files = readdirSync(root, { recursive: true }).filter((path) => /\.ko(\.\w+)?$/.test(path))
  return { version, root, byName: new Map(files.map((path) => [plain(path), join(root, path)])) }
}

/**
 * Copies modules and what they depend on, uncompressed, and indexes them for modprobe. Those the kernel has not are left out.
 * @param busybox on this host, for its depmod
 */
export function installModules(modules, names, target, busybox) {
  const done = new Set()
  const pending = names.map(plain)
  const needed = new Set()
  const destination = join(target, 'lib/modules', modules.version)
  mkdirSync(destination, { recursive: true })
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const path = modules.byName.get(name)
    if (!path && needed.has(name)) throw new Error(`The kernel package has no module ${name}, which others need.`)
    if (!path || done.has(name)) continue
    done.add(name)
    const bytes = unsigned(read(path))
    const file = join(destination, relative(modules.root, path).replace(/\.(xz|zst|gz)$/, ''))
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, bytes)
    const hard = modinfo(bytes, 'depends')
      .flatMap((text) => text.split(','))
      .filter(Boolean)
      .map(plain)
    // “pre: name”; the kernel may have it built in.
    const soft = modinfo(bytes, 'softdep').flatMap((text) =>
      text.split(/\s+/).filter((word) => word && !word.endsWith(':')),
    )
    for (const dependency of hard) needed.add(dependency)
    pending.push(...hard, ...soft.map(plain))
  }
  execFileSync(busybox, ['depmod', '-b', target, modules.version])
  return done.size
}
