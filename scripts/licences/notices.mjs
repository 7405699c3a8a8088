// @ts-check
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * The licences of the packages that Chiave is made of, with their texts.
 *
 *   npm run licences -- [FILE]     prints them, or writes FILE
 */

const root = path.resolve(import.meta.dirname, '..', '..')

/**
 * What may be in the product: permissive licences, and two that ask for source of changes to their own files, which are
 * used unmodified.
 */
const allowed = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC-BY-4.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'MPL-2.0',
  'OFL-1.1',
  'Python-2.0',
  'Unlicense',
])

/**
 * Libraries that are linked by choice of the person who installs and never distributed with Chiave.
 * @type {Readonly<Record<string, string>>}
 */
const tolerated = {
  // Optional image processing of Next, which Chiave switches off; the container image leaves it out.
  '@img/sharp-': 'LGPL-3.0-or-later',
}

/**
 * @typedef {{ name: string, version: string, licence: string, directory: string, optional: boolean }} Package
 */

/**
 * Whether a place in the lockfile belongs to a production installation. `devOptional` ones are there only because a
 * development dependency is what some package can do without.
 * @param {string} place
 * @param {{ dev?: boolean, devOptional?: boolean, link?: boolean }} entry
 */
export function isProduction(place, { dev, devOptional, link }) {
  return place !== '' && !dev && !devOptional && !link
}

/**
 * Every package of a production installation that is there, in order of names.
 * @returns {Package[]}
 */
export function productionPackages() {
  const lock = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8'))
  const found = []
  for (const [place, entry] of Object.entries(lock.packages)) {
    const directory = path.join(root, place)
    // Optional ones for other platforms are in the lockfile and not on the disk.
    if (!isProduction(place, entry) || !fs.existsSync(path.join(directory, 'package.json'))) continue
    const { name, version, license, licenses } = JSON.parse(
      fs.readFileSync(path.join(directory, 'package.json'), 'utf8'),
    )
    found.push({ name, version, licence: licenceOf(license ?? licenses), directory, optional: entry.optional === true })
  }
  return found.sort((a, b) => a.name.localeCompare(b.name) || a.version.localeCompare(b.version))
}

/**
 * @param {unknown} given as package.json has it, in any of its three historical shapes
 * @returns {string} an SPDX expression; empty when there is none
 */
function licenceOf(given) {
  if (typeof given === 'string') return given
  if (Array.isArray(given)) return given.map(licenceOf).join(' OR ')
  if (given !== null && typeof given === 'object' && 'type' in given) return String(given.type)
  return ''
}

/**
 * Whether a package may be in the product. Of alternatives one has to be allowed, of a sum every one.
 * @param {Package} found
 */
export function isAllowed({ name, licence, optional }) {
  const [, exception] = Object.entries(tolerated).find(([prefix]) => optional && name.startsWith(prefix)) ?? []
  const known = (/** @type {string} */ one) => allowed.has(one) || (exception !== undefined && one === exception)
  const plain = licence.replace(/[()]/g, '')
  return plain.split(/ OR /i).some((alternative) => alternative.split(/ AND /i).every((one) => known(one.trim())))
}

/**
 * @param {string} directory of a package
 * @returns {string} its licence and notices; empty when it has no such file
 */
function textOf(directory) {
  return fs
    .readdirSync(directory)
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file) && fs.statSync(path.join(directory, file)).isFile())
    .sort()
    .map((file) => fs.readFileSync(path.join(directory, file), 'utf8').trim())
    .join('\n\n')
}

/** @returns {string} */
export function buildNotices() {
  const packages = productionPackages()
  const head = `Chiave is licensed under Apache-2.0. It contains or uses these ${packages.length} packages.\n`
  const parts = packages.map(({ name, version, licence, directory }) => {
    const line = '-'.repeat(100)
    return `${line}\n${name} ${version}: ${licence}\n${line}\n\n${textOf(directory) || '(The package brings no text.)'}\n`
  })
  return [head, ...parts].join('\n')
}

/** @param {string} file */
export function writeNotices(file) {
  fs.writeFileSync(file, buildNotices())
}

if (process.argv[1] && import.meta.url === pathToFileURL(fs.realpathSync(process.argv[1])).href) {
  const [file] = process.argv.slice(2)
  if (file === undefined) process.stdout.write(buildNotices())
  else writeNotices(file)
}
