import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

const pad = (length) => Buffer.alloc((4 - (length % 4)) % 4)

function entry(name, { mode, inode, time, data = Buffer.alloc(0), device = [0, 0] }) {
  const fields = [inode, mode, 0, 0, 1, time, data.length, 0, 0, ...device, name.length + 1, 0]
  const head = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`
  return Buffer.concat([Buffer.from(head, 'latin1'), pad(head.length), data, pad(data.length)])
}

/** A directory as an initramfs (newc cpio; Linux Documentation/driver-api/early-userspace/buffer-format.rst), all of it root's. */
export function packCpio(directory, time) {
  const names = readdirSync(directory, { recursive: true }).sort()
  const parts = names.map((name, index) => {
    const path = join(directory, name)
    const facts = lstatSync(path)
    const data = facts.isSymbolicLink()
      ? Buffer.from(readlinkSync(path))
      : facts.isFile()
        ? readFileSync(path)
        : undefined
    return entry(name, { mode: facts.mode, inode: index + 1, time, ...(data ? { data } : {}) })
  })
  // The kernel opens this before anything of ours runs.
  const console = entry('dev/console', { mode: 0o20600, inode: names.length + 1, time, device: [5, 1] })
  return Buffer.concat([...parts, console, entry('TRAILER!!!', { mode: 0, inode: 0, time: 0 })])
}
