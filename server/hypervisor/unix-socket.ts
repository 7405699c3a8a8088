import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { connect, type Server, type Socket } from 'node:net'
import { basename, dirname } from 'node:path'

/**
 * Connects to a unix socket wherever it lies: a socket's address holds 107 bytes, so the way goes through a handle on
 * its directory. An error after that ends in `close`; it may have come when the socket is handed over: see `destroyed`.
 * @param timeout milliseconds
 */
export async function connectUnix(path: string, timeout = 5_000): Promise<Socket> {
  const directory = await openDirectory(path)
  try {
    return await new Promise<Socket>((resolve, reject) => {
      const socket = connect({ path: addressIn(directory, path) })
      const timer = setTimeout(() => socket.destroy(new Error(`${path} did not accept within ${timeout} ms`)), timeout)
      // Stays, so that no error ever finds nobody listening.
      socket.on('error', (error) => {
        clearTimeout(timer)
        socket.destroy()
        reject(error)
      })
      socket.once('connect', () => {
        clearTimeout(timer)
        resolve(socket)
      })
    })
  } finally {
    await directory.close()
  }
}

/** Listens with mode 0600; the returned function closes the server and lets go of the directory. */
export async function listenUnix(server: Server, path: string): Promise<() => Promise<void>> {
  const directory = await openDirectory(path)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      // The socket is made while listen() runs, so nobody ever sees it with a wider mode.
      const umask = process.umask(0o177)
      try {
        server.listen({ path: addressIn(directory, path) }, () => {
          server.removeListener('error', reject)
          resolve()
        })
      } finally {
        process.umask(umask)
      }
    })
  } catch (error) {
    await directory.close()
    throw error
  }
  return async () => {
    await new Promise<void>((resolve) => server.close(() => resolve()))
    await directory.close()
  }
}

function openDirectory(path: string): Promise<FileHandle> {
  return open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
}

function addressIn(directory: FileHandle, path: string): string {
  return `/proc/self/fd/${directory.fd}/${basename(path)}`
}
