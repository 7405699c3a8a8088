import { execFile, execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Certificates } from '@/server/home/certificates'
import type { ApiServer } from '../api-server'
import { adminToken } from './start-test-server'

const run = promisify(execFile)

/** Whether tests with stock kubectl are left out. Continuous integration must not pass without it: there they fail. */
export const withoutKubectl = !hasKubectl() && process.env['CI'] === undefined

function hasKubectl(): boolean {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' })
    return true
  } catch {
    // Not on the PATH: there is nothing to try.
    return false
  }
}

export interface KubectlOptions {
  /** A user of the kubeconfig. */
  user?: string
  /** An object for `-f`. */
  input?: unknown
}

export interface StockKubectl {
  /** Runs kubectl; its output, or all it says when it fails. */
  kubectl(args: string[], options?: KubectlOptions): Promise<string>
  close(): Promise<void>
}

/** Serves an API over TLS, without which kubectl sends no tokens, and points stock kubectl at it by `directory`/kubeconfig. */
export async function serveStockKubectl(
  directory: string,
  { api, certificates }: { api: ApiServer; certificates: Certificates },
): Promise<StockKubectl> {
  const pair = await certificates.server('api')
  const server = https.createServer(
    { ...pair, requestCert: true, rejectUnauthorized: false, ca: await api.clientAuthority() },
    (request, response) => api.handleRequest(request, response),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // it listens on TCP
  const kubeconfig = path.join(directory, 'kubeconfig')
  const cluster = {
    server: `https://127.0.0.1:${port}`,
    'certificate-authority-data': Buffer.from(certificates.ca.cert).toString('base64'),
  }
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'c',
      clusters: [{ name: 'c', cluster }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'admin', namespace: 'default' } }],
      users: [{ name: 'admin', user: { token: adminToken } }],
    }),
  )
  return {
    kubectl: async (args, { user = 'admin', input } = {}) => {
      const file = path.join(directory, 'input.yaml')
      if (input !== undefined) writeFileSync(file, JSON.stringify(input))
      const all = ['--user', user, ...args, ...(input === undefined ? [] : ['-f', file])]
      const env = { ...process.env, KUBECONFIG: kubeconfig, HOME: directory, EDITOR: "sed -i 's/first/second/'" }
      try {
        const { stdout, stderr } = await run('kubectl', all, { env })
        return stdout + stderr
      } catch (error) {
        if (error instanceof Error && 'stderr' in error && 'stdout' in error) return `${error.stdout}${error.stderr}`
        throw error
      }
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
