// @ts-check
import fs from 'node:fs'
import path from 'node:path'

/**
 * What the server's bundle still imports when console or platform operator run: `external` in scripts/build.mjs without
 * the embedded cluster's storage and the build's own tools.
 */
const imported = ['next', 'react', 'react-dom', '@peculiar/x509']

/** Dependencies of Next that only its build uses. */
const ofBuilds = ['baseline-browser-mapping', 'caniuse-lite', 'postcss']

/** Parts of Next that serve development, builds or its documentation. */
const nextLeftOut = /^dist\/(agent-feedback|bundle-analyzer|cli|diagnostics|docs|esm|export|next-devtools)(\/|$)/

/**
 * The packages that the server loads from `node_modules`, with their own dependencies; optional ones (compilers, image
 * processing) stay out.
 * @param {string} root
 * @returns {string[]} names, sorted
 */
export function runTimePackages(root) {
  const found = new Set()
  const wanted = [...imported]
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (found.has(name) || ofBuilds.includes(name)) continue
    found.add(name)
    const file = path.join(root, 'node_modules', name, 'package.json')
    const { dependencies = {} } = JSON.parse(fs.readFileSync(file, 'utf8'))
    wanted.push(...Object.keys(dependencies))
  }
  return [...found].sort()
}

/**
 * Which files of the package `next` a server needs: all of the server itself, and of the packages compiled into it those
 * that Next's own trace of a production server names.
 * @param {string} root a tree whose pages are built
 * @returns {(relative: string) => boolean} for paths below `node_modules/next`, directories included
 */
export function nextDirectoryFilter(root) {
  const trace = JSON.parse(fs.readFileSync(path.join(root, '.next', 'next-server.js.nft.json'), 'utf8'))
  const compiled = new Set(
    trace.files.flatMap((/** @type {string} */ file) => {
      const [, name] = /node_modules\/next\/dist\/compiled\/((?:@[^/]+\/)?[^/]+)/.exec(file) ?? []
      return name === undefined ? [] : [name]
    }),
  )
  return (relative) => {
    if (nextLeftOut.test(relative) || /(^|\/)node_modules(\/|$)/.test(relative)) return false
    const [, name, below] = /^dist\/compiled\/((?:@[^/]+\/)?[^/]+)(\/.*)?$/.exec(relative) ?? []
    if (name === undefined) return true
    // A scope's own directory has to be walked through.
    if (below === undefined && name.startsWith('@') && !name.includes('/')) return true
    return compiled.has(name)
  }
}
