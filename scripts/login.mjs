// @ts-check
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { resolveHome } from './setup/home.mjs'

/** `npm run login -- [--home DIR]`: prints a fresh one-time sign-in link of the instance that runs on a home. */
async function main() {
  const { values } = parseArgs({ options: { home: { type: 'string' } } })
  const home = resolveHome(values.home ?? process.env['CHIAVE_HOME'])
  const link = readLink(home)
  const { hostname, port, protocol } = new URL(link)
  if (!(await answers(hostname.replace(/^\[|\]$/g, ''), Number(port || (protocol === 'https:' ? 443 : 80))))) {
    throw new Error(`Chiave does not run on the home ${home}. Start it with npm start, then ask again.`)
  }
  process.stdout.write(`${link}\n`)
}

/** @param {string} home */
function readLink(home) {
  const file = path.join(home, 'login-url')
  const otherHome = 'If the instance has another home, name it: npm run login -- --home DIR'
  let link
  try {
    link = fs.readFileSync(file, 'utf8').trim()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EACCES') {
      throw new Error(`${file} belongs to another user; run this as the user who started Chiave.`)
    }
    if (code !== 'ENOENT') throw error
    throw new Error(`No Chiave has run on the home ${home} yet. Start it with npm start. ${otherHome}`)
  }
  if (link === '') throw new Error(`Chiave does not run on the home ${home}, or is just starting. ${otherHome}`)
  return link
}

/**
 * @param {string} host
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function answers(host, port) {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, timeout: 2_000 })
    const settle = (/** @type {boolean} */ answer) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
    socket.once('timeout', () => settle(false))
  })
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
