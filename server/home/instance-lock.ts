import fs from 'node:fs'
import net from 'node:net'
import readline from 'node:readline'
import { StartError } from '../start-error'

/** What another `npm start` on the same home may ask of the running instance. */
export type InstanceRequest = { op: 'stop-vms' }

export interface InstanceLock {
  release(): void
}

/**
 * One instance per home. The lock is a listening socket: the kernel releases it with the process however that ends, so
 * nothing stale can lock a home out. The socket also takes requests, one JSON line each; answers are lines of text.
 */
export async function lockInstance(
  socketPath: string,
  onRequest: (request: InstanceRequest, say: (line: string) => void) => Promise<void>,
): Promise<InstanceLock> {
  if (await answers(socketPath)) {
    throw new StartError(`Another Chiave already runs with this home; use it, stop it, or choose another --home.`)
  }
  fs.rmSync(socketPath, { force: true })
  const server = net.createServer((socket) => {
    socket.on('error', () => socket.destroy())
    readline.createInterface({ input: socket }).on('line', (line) => {
      const say = (text: string) => socket.writable && socket.write(`${text}\n`)
      if (line !== JSON.stringify({ op: 'stop-vms' })) {
        socket.end('not understood\n')
        return
      }
      onRequest({ op: 'stop-vms' }, say).then(
        () => socket.end(),
        (error: unknown) => socket.end(`${error instanceof Error ? error.message : String(error)}\n`),
      )
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(socketPath, resolve)
  })
  fs.chmodSync(socketPath, 0o600)
  server.unref()
  return {
    release: () => {
      server.close()
      fs.rmSync(socketPath, { force: true })
    },
  }
}

/** Sends a request to the instance that holds the lock; false when none does. Resolves when it has been carried out. */
export async function askInstance(
  socketPath: string,
  request: InstanceRequest,
  say: (line: string) => void,
): Promise<boolean> {
  if (!(await answers(socketPath))) return false
  await new Promise<void>((resolve, reject) => {
    const socket = net.connect(socketPath, () => socket.write(`${JSON.stringify(request)}\n`))
    readline.createInterface({ input: socket }).on('line', say)
    socket.on('error', reject)
    socket.on('close', () => resolve())
  })
  return true
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(socketPath)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    // Refused or absent: nobody holds the lock.
    socket.once('error', () => resolve(false))
  })
}
