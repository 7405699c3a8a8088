import fs from 'node:fs'
import path from 'node:path'
import { StartError } from '../start-error'

/** Levels below a part that are looked at: whoever makes files under a narrow umask makes a whole directory so. */
const depthLookedAt = 1

/** Whether every user may read a file, or read and enter a directory, going by its own mode alone. */
export function isOpen(file: string): boolean {
  return isOpenMode(fs.statSync(file))
}

function isOpenMode(stat: fs.Stats): boolean {
  const wanted = stat.isDirectory() || (stat.mode & 0o100) !== 0 ? 0o005 : 0o004
  return (stat.mode & wanted) === wanted
}

/** Whether every user may pass through all directories above the file. */
export function isEnteredByOthers(file: string): boolean {
  return closedAbove(file) === undefined
}

/** The nearest directory above the file that only its owner may pass through. */
export function closedAbove(file: string): string | undefined {
  for (let directory = path.dirname(file); ; directory = path.dirname(directory)) {
    if ((fs.statSync(directory).mode & 0o001) === 0) return directory
    if (directory === path.dirname(directory)) return undefined
  }
}

/**
 * Lets every user read the named parts of a directory, and the directory itself, as `chmod -R go+rX`; gives the names of
 * those that were closed. Looks at their upper levels only, so that nothing is walked when all is well. Throws a
 * StartError when the modes cannot be changed.
 */
export function openToOthers(directory: string, parts: readonly string[]): string[] {
  const closed = parts.filter((part) => hasClosed(path.join(directory, part), depthLookedAt))
  try {
    for (const part of closed) openAll(path.join(directory, part))
    if (isOpen(directory)) return closed
    open(directory, fs.statSync(directory))
    return [directory, ...closed]
  } catch (error) {
    throw new StartError(
      `${directory} cannot be read by the users that Chiave runs as, and its modes cannot be changed (${error instanceof Error ? error.message : String(error)}); copy it to a place like /opt.`,
    )
  }
}

function hasClosed(file: string, depth: number): boolean {
  const stat = fs.lstatSync(file, { throwIfNoEntry: false })
  // A symbolic link has no mode of its own.
  if (!stat || stat.isSymbolicLink()) return false
  if (!isOpenMode(stat)) return true
  if (depth === 0 || !stat.isDirectory()) return false
  // The packages of an npm scope were made one by one, as those beside it.
  return fs
    .readdirSync(file)
    .some((entry) => hasClosed(path.join(file, entry), entry.startsWith('@') ? depth : depth - 1))
}

function openAll(file: string): void {
  const stat = fs.lstatSync(file)
  if (stat.isSymbolicLink()) return
  if (!isOpenMode(stat)) open(file, stat)
  if (stat.isDirectory()) for (const entry of fs.readdirSync(file)) openAll(path.join(file, entry))
}

function open(file: string, stat: fs.Stats): void {
  const passable = stat.isDirectory() || (stat.mode & 0o100) !== 0
  fs.chmodSync(file, (stat.mode & 0o7777) | (passable ? 0o055 : 0o044))
}
