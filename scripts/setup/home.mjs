// @ts-check
import os from 'node:os'
import path from 'node:path'

/**
 * The directory that holds all state of an instance, absolute: the option, else `/var/lib/chiave` as root, else
 * `${XDG_DATA_HOME:-~/.local/share}/chiave`.
 * @param {string | undefined} option
 * @param {NodeJS.ProcessEnv} [env]
 */
export function resolveHome(option, env = process.env) {
  if (option) return path.resolve(option)
  if (process.getuid?.() === 0) return '/var/lib/chiave'
  return path.join(env['XDG_DATA_HOME'] || path.join(os.homedir(), '.local', 'share'), 'chiave')
}
