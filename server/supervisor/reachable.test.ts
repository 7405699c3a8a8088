import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { buildSync } from 'esbuild'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openToOthers } from '../home/open-to-others'

const isRoot = process.getuid?.() === 0
const mayMount = isRoot && spawnSync('unshare', ['--mount', 'true']).status === 0

let scratch: string
let root: string

/** A checkout as root makes it under umask 077, in a directory that is root's alone, with a program that calls itself. */
beforeEach(() => {
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'chi-reach-'))
  fs.chmodSync(scratch, 0o755)
  root = path.join(scratch, 'closed', 'checkout')
  const made = process.umask(0o077)
  for (const directory of ['dist', 'node_modules/a/deep/er', '.git'])
    fs.mkdirSync(path.join(root, directory), { recursive: true })
  for (const file of ['package.json', 'node_modules/a/deep/er/index.js', '.git/config', '.env'])
    fs.writeFileSync(path.join(root, file), '')
  fs.symlinkSync('../a', path.join(root, 'node_modules', 'link'))
  process.umask(made)
})

afterEach(() => fs.rmSync(scratch, { recursive: true, force: true }))

const modeOf = (file: string) => fs.statSync(path.join(root, file)).mode & 0o777

describe('a checkout that was made under umask 077', () => {
  it('is opened to other users in what they need, and stays closed in the rest', () => {
    expect(openToOthers(root, ['dist', 'node_modules', 'package.json', 'absent'])).toEqual([
      root,
      'dist',
      'node_modules',
      'package.json',
    ])
    expect(modeOf('dist')).toBe(0o755)
    expect(modeOf('node_modules/a/deep/er/index.js')).toBe(0o644)
    expect(modeOf('package.json')).toBe(0o644)
    expect([modeOf('.git'), modeOf('.git/config'), modeOf('.env')]).toEqual([0o700, 0o600, 0o600])
    expect(openToOthers(root, ['dist', 'node_modules', 'package.json'])).toEqual([])
  })
})

/** Prints what a user of no entry in passwd reads of the program, when it was started where that user may read it. */
function buildProgram(): string {
  const script = path.join(root, 'dist', 'main.mjs')
  buildSync({
    stdin: {
      resolveDir: import.meta.dirname,
      contents: `
        import { spawnSync } from 'node:child_process'
        import { runWhereReachable } from './reachable'
        const [root, home] = process.argv.slice(2)
        const script = import.meta.filename
        const code = await runWhereReachable({ root, home, script, argv: process.argv.slice(2) }, () => undefined)
        if (code !== undefined) process.exit(code)
        const read = 'process.stdout.write(String(require("node:fs").readFileSync(process.argv[1]).length > 0))'
        const seen = spawnSync(process.execPath, ['-e', read, script], { uid: 61234, gid: 61234, encoding: 'utf8' })
        console.log('another user reads it:', seen.stdout, seen.stderr)
        process.exit(7)
      `,
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: script,
  })
  fs.chmodSync(script, 0o600)
  return script
}

function start(prefix: string[] = []) {
  const home = path.join(scratch, 'home')
  fs.mkdirSync(home)
  const [command = '', ...args] = [...prefix, process.execPath, buildProgram(), root, home]
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', cwd: scratch })
  return { status, stdout, stderr }
}

/** Makes every directory of the host appear in one that is no mount point, and runs the rest of its arguments there. */
const inChroot = `
  for entry in /*; do
    if [ -L "$entry" ]; then cp -P "$entry" "$0$entry"
    elif [ -d "$entry" ]; then mkdir "$0$entry" && mount --rbind "$entry" "$0$entry"
    fi
  done
  exec chroot "$0" "$@"`

describe.runIf(mayMount)('a program below a directory that is closed to others', () => {
  it('is started again where other users can read it, hands its exit code on, and leaves no mount', () => {
    expect(start()).toEqual({ status: 7, stdout: expect.stringContaining('another user reads it: true'), stderr: '' })
    expect(fs.readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(scratch)
  })

  it('is so too in a chroot, where the root directory is no mount point', () => {
    const chroot = fs.mkdtempSync(path.join(os.tmpdir(), 'chi-chroot-'))
    fs.chmodSync(chroot, 0o755)
    const prefix = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', inChroot, chroot]
    expect(start(prefix)).toEqual({
      status: 7,
      stdout: expect.stringContaining('another user reads it: true'),
      stderr: '',
    })
    // Never recursively: the whole host would be below it, had a mount escaped from its namespace.
    for (const entry of fs.readdirSync(chroot, { withFileTypes: true })) {
      const name = path.join(chroot, entry.name)
      if (entry.isDirectory()) fs.rmdirSync(name)
      else fs.unlinkSync(name)
    }
    fs.rmdirSync(chroot)
  })

  it('is refused in one sentence where namespaces are not allowed', () => {
    const { status, stderr } = start(['setpriv', '--bounding-set', '-sys_admin', '--inh-caps', '-sys_admin'])
    expect(status).toBe(1)
    expect(stderr).toMatch(/can be reached by root alone.*\/opt\./)
  })
})
