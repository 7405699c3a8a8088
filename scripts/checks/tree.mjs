// @ts-check
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { npmCommand, root } from '../setup/steps.mjs'
import { missingPaths } from './markdown-paths.mjs'

/** What every file of the tree must keep to; prints what does not. */

/** Every file that is or would be committed. */
function treeFiles() {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root })
  return list
    .toString()
    .split('\0')
    .filter((file) => file !== '' && fs.existsSync(path.join(root, file)))
}

/**
 * Words that must not be in the tree because they are true on one machine only.
 * @returns {{ what: string, text: string }[]}
 */
function machineWords() {
  const words = [{ what: 'the path of this checkout', text: `${root}/` }]
  const npm = npmCommand()
  const registry = execFileSync(npm.command, [...npm.args, 'config', 'get', 'registry'], { cwd: root })
  const { host } = new URL(registry.toString().trim())
  words.push({ what: 'the host of a registry', text: host })
  return words
}

/** Packages without a line in docs/dependencies.md, and lines without a package. */
function undocumentedPackages() {
  const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'))
  const packages = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
  const text = fs.readFileSync(path.join(root, 'docs', 'dependencies.md'), 'utf8')
  const rows = text.split('\n').filter((line) => line.startsWith('| `'))
  const named = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  )
  return [
    ...packages.filter((name) => !named.includes(name)).map((name) => `docs/dependencies.md lacks ${name}`),
    ...named
      .filter((name) => !packages.includes(name))
      .map((name) => `docs/dependencies.md names ${name}, which package.json lacks`),
  ]
}

const files = treeFiles()
const words = machineWords()
/** @type {string[]} */
const complaints = []
for (const file of files) {
  const content = fs.readFileSync(path.join(root, file))
  // A zero byte is in every binary file and in no text.
  if (content.includes(0)) continue
  const text = content.toString('utf8')
  for (const word of words) {
    if (text.includes(word.text)) complaints.push(`${file} contains ${word.what}`)
  }
  if (file.endsWith('.md')) {
    for (const missing of missingPaths(file, text, root))
      complaints.push(`${file} names ${missing}, which does not exist`)
  }
}
if (/"resolved": "http/.test(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8'))) {
  complaints.push('package-lock.json names the host of a registry; npm install --omit-lockfile-registry-resolved')
}
complaints.push(...undocumentedPackages())
for (const complaint of complaints) process.stdout.write(`${complaint}\n`)
process.exitCode = complaints.length === 0 ? 0 : 1
