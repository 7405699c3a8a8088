import { requireProgram } from './programs'

/** The programs every guest is started by. */
export interface ProcessTools {
  sh: string
  env: string
  setpriv: string
  prlimit: string
  qemu: string
}

/** Throws a sentence that names the package when one is missing. */
export async function findProcessTools(): Promise<ProcessTools> {
  const [sh, env, setpriv, prlimit, qemu] = await Promise.all([
    requireProgram('sh', 'dash'),
    requireProgram('env', 'coreutils'),
    requireProgram('setpriv', 'util-linux'),
    requireProgram('prlimit', 'util-linux'),
    requireProgram('qemu-system-x86_64', 'qemu-system-x86'),
  ])
  return { sh, env, setpriv, prlimit, qemu }
}
