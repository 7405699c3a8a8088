/** A reason why Chiave cannot start, as one sentence for the person at the terminal. Exits with code 1. */
export class StartError extends Error {
  override name = 'StartError'
}

interface SystemError extends Error {
  code?: string
  path?: string
  port?: number
  address?: string
}

type Explain = (error: SystemError) => string | undefined

const elsewhere = 'choose another place with --home.'

const notWritable: Explain = ({ path, port }) => {
  if (port !== undefined) return `Port ${port} may not be used by this user; choose one above 1023 with --port.`
  return path === undefined ? undefined : `${path} is not writable by this user; ${elsewhere}`
}
const cannotBeMade: Explain = ({ path }) => (path === undefined ? undefined : `${path} cannot be made; ${elsewhere}`)
const full: Explain = ({ path }) =>
  `The disk that holds ${path ?? 'the home'} is full; free some space and start again.`

/** By the code of the system error (errno(3)). */
const sentences: Record<string, Explain> = {
  EADDRINUSE: ({ port, address, path }) =>
    port === undefined
      ? `The address ${address ?? path ?? ''} is taken by another process.`
      : `Port ${port} on ${address ?? 'this host'} is taken; choose another with --port or --api-port.`,
  EADDRNOTAVAIL: ({ address }) =>
    `${address ?? 'The address'} is not an address of this host; choose another with --host.`,
  ENOSPC: full,
  EDQUOT: full,
  EACCES: notWritable,
  EPERM: notWritable,
  EROFS: notWritable,
  ENOENT: cannotBeMade,
  ENOTDIR: cannotBeMade,
}

/** Turns the system errors that people really meet at start into a sentence; others stay as they are. */
export function explainStart(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error))
  // Parts that know better what was being done bring their own sentence.
  if (['ListenError', 'KubeconfigError', 'NotInCluster'].includes(error.name)) return new StartError(error.message)
  // Node's system errors carry these fields without a class of their own.
  const system = error as SystemError
  const sentence = sentences[system.code ?? '']?.(system)
  return sentence === undefined ? error : new StartError(sentence)
}
