import os from 'node:os'
import { type Config, isLoopback } from '../config'

/** Prints the ready line and what a person needs to get from it to the page. */
export function announce(options: {
  config: Config
  ready: { url?: string; loginUrl?: string }
  fingerprint: string | undefined
  say(line: string): void
}): void {
  const { config, ready, fingerprint, say } = options
  if (fingerprint) {
    say(`The certificate is this instance's own; its authority's SHA-256 fingerprint is ${fingerprint}`)
  }
  if (!isLoopback(config.host) && config.insecureHttp) {
    say('Warning: plain HTTP on an address that other hosts reach; passwords and consoles cross the network readable.')
  }
  if (isLoopback(config.host) && withoutBrowser()) {
    const user = userName()
    say(
      `From another computer: ssh -L ${config.port}:127.0.0.1:${config.port} ${user}@${os.hostname()}  and then open the link below there`,
    )
  }
  say(`Chiave is ready at ${ready.loginUrl ?? ready.url ?? ''}`)
}

/** Containers run as users without an entry in the password file, for whom Node has no name. */
function userName(): string {
  try {
    return os.userInfo().username
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_SYSTEM_ERROR') return 'USER'
    throw error
  }
}

function withoutBrowser(): boolean {
  if (process.platform === 'darwin' || process.platform === 'win32') return false
  return process.env['DISPLAY'] === undefined && process.env['WAYLAND_DISPLAY'] === undefined
}
