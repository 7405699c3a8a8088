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
const nextLeftOut = /^dist\/(bundle-analyzer|docs|esm|next-devtools)(\/|$)/

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
 * Packages compiled into Next that only development uses, or that are in its run times already: the large ones. The others
 * stay, compilers included, since reading the configuration loads them.
 */
const compiledLeftOut = /^(next-devtools|react-dom|react-server-dom-\w+|.+-experimental)$/

/**
 * Which files of the package `next` a server needs: all of the server itself; of its run times, each some megabytes, those
 * that Next's own trace of a production server names; and most of what is compiled into it.
 * @param {string} root a tree whose pages are built
 * @returns {(relative: string) => boolean} for paths below `node_modules/next`, directories included
 */
export function nextDirectoryFilter(root) {
  const trace = JSON.parse(fs.readFileSync(path.join(root, '.next', 'next-server.js.nft.json'), 'utf8'))
  const traced = new Set(trace.files.map((/** @type {string} */ file) => file.replace(/^.*node_modules\/next\//, '')))
  return (relative) => {
    if (nextLeftOut.test(relative) || /(^|\/)node_modules(\/|$)/.test(relative)) return false
    const [, name = '', below] = /^dist\/compiled\/([^/]+)(\/.*)?$/.exec(relative) ?? []
    if (name === 'next-server' && below !== undefined) return traced.has(relative)
    return !compiledLeftOut.test(name)
  }
}
