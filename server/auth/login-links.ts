import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Logger } from 'pino'

export interface LoginLinksOptions {
  /** `HOME/login-url`: written in place, since its directory may not be ours to write. */
  file: string
  /** `http(s)://host:port`, without a trailing slash. */
  baseUrl: string
  log: Logger
}

export interface LoginLinks {
  /** Replaces the link and writes it to the file; resolves with it. Rejects when the file cannot be written. */
  renew(): Promise<string>
  /** Whether the token is the current link's; if so it is used up and the file gets a fresh one. */
  consume(token: string): boolean
  close(): void
}

const retryMs = 5_000

/** One-time sign-in links: whoever can read the file may sign in. Of a link only a hash stays in memory. */
export function createLoginLinks({ file, baseUrl, log }: LoginLinksOptions): LoginLinks {
  let currentHash: Buffer | undefined
  let retry: NodeJS.Timeout | undefined
  let writing: Promise<unknown> = Promise.resolve()
  let closed = false

  async function renew(): Promise<string> {
    const token = randomBytes(32).toString('base64url')
    const url = `${baseUrl}/auth/login?token=${token}`
    // One after the other, so that the file ends up with the link that counts.
    const turn = writing.then(() => writeInPlace(file, `${url}\n`))
    writing = turn.catch(() => undefined)
    await turn
    currentHash = hashOf(token)
    return url
  }

  function renewSurely(): void {
    renew().catch((error: unknown) => {
      log.error({ err: error, file }, 'the sign-in link could not be written; trying again')
      if (!closed) retry = setTimeout(renewSurely, retryMs).unref()
    })
  }

  return {
    renew,
    consume(token) {
      const matches = currentHash !== undefined && timingSafeEqual(hashOf(token), currentHash)
      if (!matches) return false
      currentHash = undefined
      renewSurely()
      return true
    },
    close() {
      closed = true
      clearTimeout(retry)
    },
  }
}

const hashOf = (token: string) => createHash('sha256').update(token).digest()

/** All links have one length, so a reader finds the old one or the new one. Never follows a symbolic link. */
async function writeInPlace(path: string, content: string): Promise<void> {
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
  try {
    const { mode } = await handle.stat()
    if ((mode & 0o077) !== 0) await handle.chmod(0o600)
    await handle.write(content, 0)
    await handle.truncate(Buffer.byteLength(content))
    await handle.sync()
  } finally {
    await handle.close()
  }
}
