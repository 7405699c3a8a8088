// @ts-check
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import YAML from 'yaml'
import { fingerprint, isFresh } from '../setup/build-stamp.mjs'
import { cacheDirectory, root } from '../setup/steps.mjs'
import { kubernetesDefinitions } from './kubernetes-definitions.mjs'
import { kubernetesModels } from './kubernetes-models.mjs'
import { shapesOf } from './overlay.mjs'
import { readDeclarations } from './read-declarations.mjs'
import { structuralSchema } from './structural.mjs'

/** @typedef {import('./overlay.mjs').Overlay} Overlay */
/** @typedef {import('./type-expression.mjs').Schema} Schema */

/** Where the schemas are; the bundle takes them along from here. */
export const schemasDirectory = path.join(cacheDirectory, 'schemas')

const ownDefinitions = path.join(root, 'deploy', 'base', 'definitions.yaml')
const overlays = path.join(root, 'contract', 'schemas')
const kubevirtApi = path.join('node_modules', '@kubevirt-ui-ext', 'kubevirt-api')
const kubernetesClient = path.join('node_modules', '@kubernetes', 'client-node')
/** By their package files: those change with a package's version, and looking at all the others would take long. */
const sources = [
  'contract/schemas',
  'deploy/base/definitions.yaml',
  'scripts/schemas',
  path.join(kubevirtApi, 'package.json'),
  path.join(kubernetesClient, 'package.json'),
]
const stamp = path.join(schemasDirectory, 'stamp')

/** Makes the schemas unless they are those of these very sources. A second or two; a few milliseconds when fresh. */
export function ensureSchemas() {
  if (isFresh(stamp, sources)) return
  const made = fingerprint(sources)
  // A directory of its own that is then swapped in: no reader ever sees half of it, and two writers do no harm.
  const next = `${schemasDirectory}.${process.pid}`
  fs.rmSync(next, { recursive: true, force: true })
  fs.mkdirSync(next, { recursive: true })
  try {
    for (const [file, text] of generateSchemas()) fs.writeFileSync(path.join(next, file), text)
    fs.writeFileSync(path.join(next, 'stamp'), made)
    swap(next)
  } finally {
    fs.rmSync(next, { recursive: true, force: true })
  }
}

/** @param {string} next */
function swap(next) {
  fs.rmSync(schemasDirectory, { recursive: true, force: true })
  try {
    fs.renameSync(next, schemasDirectory)
  } catch (error) {
    // Somebody else was faster, with the same outcome.
    if (!isFresh(stamp, sources)) throw error
  }
}

/**
 * The files' contents by name: `<plural>.<group>.json` is the structural schema of a custom kind, `kubernetes.json` holds
 * the definitions of the built-in kinds, one in each line.
 * @returns {Map<string, string>}
 */
export function generateSchemas() {
  /** @type {Map<string, string>} */
  const files = new Map()
  const kubernetes = readOverlay('kubernetes.yaml')
  const definitions = kubernetesDefinitions(
    kubernetesModels(path.join(root, kubernetesClient, 'dist', 'gen', 'models')),
    kubernetes,
  )
  files.set('kubernetes.json', oneInEachLine(definitions))
  for (const [name, schema] of ownSchemas()) files.set(`${name}.json`, JSON.stringify(schema))
  for (const [declarationPackage, { kinds, types }] of customOverlays()) {
    const file = path.join(root, kubevirtApi, 'dist', declarationPackage, 'index.d.ts')
    const shapes = shapesOf(readDeclarations(file), types)
    for (const [name, type] of Object.entries(kinds)) {
      files.set(`${name}.json`, JSON.stringify(structuralSchema(shapes, type)))
    }
  }
  return files
}

/**
 * The schemas of our own kinds: one source for those who install the definitions in a cluster and for the embedded one.
 * @returns {[string, Schema][]}
 */
function ownSchemas() {
  return YAML.parseAllDocuments(fs.readFileSync(ownDefinitions, 'utf8')).map((document) => {
    const { metadata, spec } = document.toJS()
    // Of several versions the stored one.
    const { schema } = spec.versions.find((/** @type {{ storage: boolean }} */ { storage }) => storage)
    return [metadata.name, schema.openAPIV3Schema]
  })
}

/** The overlays by the part of the package of types that they lie over; several files may be of one part. */
function customOverlays() {
  /** @type {Map<string, { kinds: Record<string, string>, types: Overlay }>} */
  const found = new Map()
  for (const file of fs.readdirSync(overlays).filter((name) => name.endsWith('.yaml'))) {
    if (file === 'kubernetes.yaml') continue
    const { package: part, kinds = {}, types } = readOverlay(file)
    const known = found.get(part) ?? { kinds: {}, types: {} }
    found.set(part, { kinds: { ...known.kinds, ...kinds }, types: { ...known.types, ...types } })
  }
  return found
}

/**
 * What is in the file is ours, and `shapesOf` looks at every entry.
 * @param {string} file
 * @returns {any}
 */
function readOverlay(file) {
  return YAML.parse(fs.readFileSync(path.join(overlays, file), 'utf8'))
}

/**
 * A JSON object whose entries are lines, so that one can be read without parsing the others.
 * @param {ReadonlyMap<string, Schema>} definitions
 */
function oneInEachLine(definitions) {
  const lines = [...definitions].map(([name, schema]) => `${JSON.stringify(name)}:${JSON.stringify(schema)}`)
  return `{\n${lines.join(',\n')}\n}\n`
}

if (process.argv[1] && import.meta.url === pathToFileURL(fs.realpathSync(process.argv[1])).href) {
  ensureSchemas()
  process.stdout.write(`${path.relative(process.cwd(), schemasDirectory)}\n`)
}
