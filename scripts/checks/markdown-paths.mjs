// @ts-check
import fs from 'node:fs'
import path from 'node:path'

/** Made by the set-up or at run time: documents may name them though a fresh checkout lacks them. */
const made = ['node_modules', 'dist', '.next', '.cache', 'test-results']

/**
 * The paths of this repository that a Markdown file names, in links or as code, and that do not exist.
 * @param {string} file relative to the root
 * @param {string} text
 * @param {string} root
 * @returns {string[]}
 */
export function missingPaths(file, text, root) {
  const prose = text.replace(/^(```|~~~)[^]*?^\1/gm, '')
  const missing = new Set()
  for (const [, target = ''] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^([a-z][a-z0-9+.-]*:|#)/i.test(target)) continue
    const resolved = path.join(root, path.dirname(file), decodeURI(target.replace(/#.*$/, '')))
    if (!fs.existsSync(resolved)) missing.add(target)
  }
  const topLevel = new Set(fs.readdirSync(root))
  for (const [, code = ''] of prose.matchAll(/`([^`\n]+)`/g)) {
    if (!isOwnPath(code, topLevel)) continue
    if (!fs.existsSync(path.join(root, code))) missing.add(code)
  }
  return [...missing]
}

/**
 * Whether a piece of code is meant as a path here: it begins with something at the top of the repository, and holds no
 * placeholders.
 * @param {string} code
 * @param {ReadonlySet<string>} topLevel
 */
function isOwnPath(code, topLevel) {
  if (!/^[\w.@-]+(\/[\w.@[\]()-]+)*\/?$/.test(code)) return false
  const [first = ''] = code.split('/')
  if (made.includes(first)) return false
  return code.includes('/') && topLevel.has(first)
}
