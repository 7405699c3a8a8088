// @ts-check
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { isProduction } from '../licences/notices.mjs'
import { npmCommand } from '../setup/steps.mjs'

/**
 * The bill of materials of a production installation in CycloneDX, from the lockfile; without network.
 *
 *   npm run sbom -- [FILE]     prints it, or writes FILE
 */

const root = path.resolve(import.meta.dirname, '..', '..')

/**
 * What a production installation holds on any platform. npm's own `--omit dev` also drops what is needed both ways.
 * @returns {Set<string>} `name@version`
 */
function productionNames() {
  const lock = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8'))
  return new Set(
    Object.entries(lock.packages)
      .filter(([place, entry]) => isProduction(place, entry))
      .map(([place, { name, version }]) => `${name ?? place.replace(/^.*node_modules\//, '')}@${version}`),
  )
}

/** @returns {string} JSON */
export function buildSbom() {
  const npm = npmCommand()
  const args = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only']
  const printed = execFileSync(npm.command, [...npm.args, ...args], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const document = JSON.parse(printed)
  const production = productionNames()
  const components = document.components.filter((/** @type {{ purl: string }} */ { purl }) =>
    production.has(decodeURIComponent(purl).replace(/^pkg:npm\//, '')),
  )
  const own = document.metadata.component['bom-ref']
  const kept = new Set([own, ...components.map((/** @type {{ 'bom-ref': string }} */ one) => one['bom-ref'])])
  // Where this machine's registry is says nothing about the packages.
  for (const component of components) delete component.externalReferences
  document.components = components
  document.dependencies = document.dependencies
    .filter((/** @type {{ ref: string }} */ { ref }) => kept.has(ref))
    .map((/** @type {{ ref: string, dependsOn: string[] }} */ { ref, dependsOn }) => ({
      ref,
      dependsOn: dependsOn.filter((name) => kept.has(name)),
    }))
  // npm takes the directory's name.
  document.metadata.component.name = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')).name
  return `${JSON.stringify(document, null, 2)}\n`
}

if (process.argv[1] && import.meta.url === pathToFileURL(fs.realpathSync(process.argv[1])).href) {
  const [file] = process.argv.slice(2)
  if (file === undefined) process.stdout.write(buildSbom())
  else fs.writeFileSync(file, buildSbom())
}
