import fs from 'node:fs'
import net from 'node:net'
import readline from 'node:readline'
import { StartError } from '../start-error'
import type { Home } from './home'

/** The socket that locks a home. */
export function lockSocket(home: Home): string {
  return home.file('run', 'instance.sock')
}

/** What another `npm start` on the same home may ask of the running instance. */
export type InstanceRequest = { op: 'stop-vms' }

/** Answers are JSON, a line each: any number of `say`, then one of the others. */
type Answer = { say: string } | { done: true } | { refused: string }

export interface InstanceLock {
  release(): void
}

/**
 * One instance per home. The lock is a listening socket: the kernel releases it with the process however that ends, so
 * nothing stale can lock a home out. The socket also takes requests, one JSON line each.
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
    const answer = (line: Answer) => socket.writable && socket.write(`${JSON.stringify(line)}\n`)
    readline.createInterface({ input: socket }).on('line', (line) => {
      if (line !== JSON.stringify({ op: 'stop-vms' })) {
        answer({ refused: 'The running Chiave does not understand this request.' })
        socket.end()
        return
      }
      onRequest({ op: 'stop-vms' }, (text) => answer({ say: text })).then(
        () => answer({ done: true }) && socket.end(),
        (error: unknown) => {
          answer({ refused: error instanceof Error ? error.message : String(error) })
          socket.end()
        },
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

/**
 * Sends a request to the instance that holds the lock; false when none does. Resolves when it has been carried out and
 * the lock is free again; rejects with a StartError when it was not.
 */
export async function askInstance(
  socketPath: string,
  request: InstanceRequest,
  say: (line: string) => void,
): Promise<boolean> {
  if (!(await answers(socketPath))) return false
  await new Promise<void>((resolve, reject) => {
    const socket = net.connect(socketPath, () => socket.write(`${JSON.stringify(request)}\n`))
    readline.createInterface({ input: socket }).on('line', (line) => {
      // Written by lockInstance, of this version or one like it.
      const answer = JSON.parse(line) as Answer
      if ('say' in answer) say(answer.say)
      else if ('done' in answer) resolve()
      else reject(new StartError(answer.refused))
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new StartError('The running Chiave ended before it had done what it was asked.')))
  })
  const deadline = Date.now() + releaseTimeout
  while (Date.now() < deadline && (await answers(socketPath))) await new Promise((resolve) => setTimeout(resolve, 50))
  return true
}

/** Milliseconds that an instance may take to end after its last answer. */
const releaseTimeout = 5_000

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
