// @ts-check
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { cacheDirectory, say } from './steps.mjs'

const lockFile = path.join(cacheDirectory, 'setup.lock')
const longestSetup = 30 * 60_000

/**
 * Only one set-up at a time may change `node_modules` and the builds of a checkout: two instances may be started from it
 * at once.
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withSetupLock(work) {
  fs.mkdirSync(cacheDirectory, { recursive: true })
  let waiting = false
  while (!take()) {
    if (!waiting) say('  Another command is setting this checkout up; waiting for it.')
    waiting = true
    await wait(500)
  }
  const release = () => fs.rmSync(lockFile, { force: true })
  process.once('exit', release)
  try {
    return await work()
  } finally {
    process.off('exit', release)
    release()
  }
}

function take() {
  try {
    fs.writeFileSync(lockFile, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST') throw error
  }
  if (isHeld()) return false
  fs.rmSync(lockFile, { force: true })
  return false
}

function isHeld() {
  const stat = fs.statSync(lockFile, { throwIfNoEntry: false })
  if (!stat || Date.now() - stat.mtimeMs > longestSetup) return false
  const pid = Number(fs.readFileSync(lockFile, 'utf8'))
  // Empty for the moment between its making and its writing.
  if (!Number.isInteger(pid) || pid <= 0) return Date.now() - stat.mtimeMs < 5_000
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
