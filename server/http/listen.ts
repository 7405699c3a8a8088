import type { Server } from 'node:http'

/** The address cannot be bound; the message is one sentence for people. */
export class ListenError extends Error {
  constructor(
    readonly code: 'EADDRINUSE' | 'EACCES' | 'EADDRNOTAVAIL',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.name = 'ListenError'
  }
}

/** Resolves with the port once the server listens. Rejects with ListenError where a person can do something about it. */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => reject(explain(error, host, port))
    server.once('error', failed)
    server.listen({ host, port }, () => {
      server.off('error', failed)
      const address = server.address()
      // A TCP server has an address object.
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const at = `${host.includes(':') ? `[${host}]` : host}:${port}`
  switch (error.code) {
    case 'EADDRINUSE':
      return new ListenError(error.code, `Another program already listens on ${at}; choose another port with --port.`, {
        cause: error,
      })
    case 'EACCES':
      return new ListenError(error.code, `This user may not listen on ${at}; choose a port above 1023 with --port.`, {
        cause: error,
      })
    case 'EADDRNOTAVAIL':
      return new ListenError(error.code, `This host has no address ${host}; choose another one with --host.`, {
        cause: error,
      })
    default:
      return error
  }
}
