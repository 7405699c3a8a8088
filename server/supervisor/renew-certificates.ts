import fs from 'node:fs'
import { ensureCertificates } from '../home/certificates'
import type { PartsContext } from './parts-context'
import { certificateHosts } from './start-embedded'
import type { SupervisedProcess } from './supervised-process'

type Servers = Readonly<Record<string, Pick<SupervisedProcess, 'takeTls'>>>

const day = 24 * 60 * 60 * 1000
/** A replaced pair is two files: what comes within this many milliseconds is one change. */
const settling = 500

/**
 * Renews the certificates of running servers (by the names of their certificates: `api`, `console`) before they end, and
 * hands them over when they are renewed or when somebody replaces them on disk. Connections that are open stay as they
 * are. `interval`: milliseconds between two looks at how long certificates still last. Returns what stops it.
 */
export function keepCertificates(
  { home, config, say }: Pick<PartsContext, 'home' | 'config' | 'say'>,
  servers: Servers,
  interval = day,
): () => void {
  if (Object.keys(servers).length === 0) return () => undefined
  const directory = home.file('tls')
  const hosts = certificateHosts(config)
  const known = new Map<string, string>()
  const look = async (): Promise<void> => {
    // Made anew each time: the authority's own certificate is renewed by this as well.
    const certificates = await ensureCertificates({ directory, hosts })
    for (const [name, server] of Object.entries(servers)) {
      const { cert, key } = await certificates.server(name)
      const before = known.get(name)
      known.set(name, cert)
      if (before === undefined || before === cert) continue
      server.takeTls({ certificate: cert, key })
      say(`New connections to the ${name} get its new certificate.`)
    }
  }
  let looking: Promise<void> = Promise.resolve()
  const lookNext = () => {
    looking = looking
      .then(look)
      .catch((error: unknown) =>
        say(`Certificates cannot be renewed: ${error instanceof Error ? error.message : error}`),
      )
  }
  lookNext()
  const timer = setInterval(lookNext, interval)
  timer.unref()
  let settled: NodeJS.Timeout | undefined
  const watcher = fs.watch(directory, { persistent: false }, (_event, file) => {
    if (!file?.endsWith('.crt')) return
    clearTimeout(settled)
    settled = setTimeout(lookNext, settling)
  })
  watcher.on('error', (error) => say(`Certificates replaced on disk are noticed within a day only: ${error.message}`))
  return () => {
    clearInterval(timer)
    clearTimeout(settled)
    watcher.close()
  }
}
