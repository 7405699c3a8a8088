import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { join } from 'node:path'

const directories = ['/usr/bin', '/usr/sbin', '/bin', '/sbin', '/usr/local/bin', '/usr/local/sbin', '/usr/libexec']

/** Where an installed program is. The environment's PATH is not asked: what root starts comes from the system alone. */
export async function findProgram(name: string): Promise<string | undefined> {
  for (const directory of directories) {
    const path = join(directory, name)
    try {
      await access(path, constants.X_OK)
      return path
    } catch {
      // Not there: the next directory may have it.
    }
  }
  return undefined
}

/** As `findProgram`; throws a sentence that names the Debian package to install. */
export async function requireProgram(name: string, debianPackage: string): Promise<string> {
  const path = await findProgram(name)
  if (path === undefined) throw new Error(`${name} is not installed on this host (Debian package ${debianPackage}).`)
  return path
}

/**
 * The whole environment of a program that needs none, or only `variables`. Nothing of this process' own goes along.
 */
export function environment(variables: Record<string, string> = {}): NodeJS.ProcessEnv {
  // The framework's types want NODE_ENV in every environment; programs that are not of Node have no use for it.
  return { ...variables } as unknown as NodeJS.ProcessEnv
}
