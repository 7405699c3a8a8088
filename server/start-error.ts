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

/** Turns the system errors that people really meet at start into a sentence; others stay as they are. */
export function explainStart(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error))
  // Parts that know better what was being done bring their own sentence.
  if (error.name === 'ListenError' || error.name === 'KubeconfigError') return new StartError(error.message)
  // Node's system errors carry these fields without a class of their own.
  const { code, path, port, address } = error as SystemError
  switch (code) {
    case 'EADDRINUSE':
      return new StartError(
        port === undefined
          ? `The address ${address ?? path ?? ''} is taken by another process.`
          : `Port ${port} on ${address ?? 'this host'} is taken; choose another with --port or --api-port.`,
      )
    case 'ENOSPC':
    case 'EDQUOT':
      return new StartError(`The disk that holds ${path ?? 'the home'} is full; free some space and start again.`)
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      if (port !== undefined) {
        return new StartError(`Port ${port} may not be used by this user; choose one above 1023 with --port.`)
      }
      return path === undefined
        ? error
        : new StartError(`${path} is not writable by this user; choose another place with --home.`)
    case 'ENOENT':
    case 'ENOTDIR':
      return path === undefined ? error : new StartError(`${path} cannot be made; choose another place with --home.`)
    case 'EADDRNOTAVAIL':
      return new StartError(`${address ?? 'The address'} is not an address of this host; choose another with --host.`)
    default:
      return error
  }
}
