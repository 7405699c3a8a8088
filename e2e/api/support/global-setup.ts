import { createHash, randomBytes } from 'node:crypto'
import fs from 'node:fs'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestProject } from 'vitest/node'
import { ensureSchemas, schemasDirectory } from '@/scripts/schemas/generate.mjs'
import { createKubeClient } from '@/server/cluster/client/kube-client'
import { createKubeconfigConnection } from '@/server/cluster/kubeconfig'
import { silentLog } from '@/server/cluster/log'
import { startApiServer } from '@/server/embedded/api-server'
import { ensureCertificates } from '@/server/home/certificates'
import { startEngine } from '@/server/operator/engine/start-engine'
import './suite'

/** The cluster that CHIAVE_TEST_KUBECONFIG names; without one, an API server of our own with its controllers. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const kubeconfig = process.env['CHIAVE_TEST_KUBECONFIG']
  if (kubeconfig) {
    project.provide('kubeconfig', path.resolve(kubeconfig))
    project.provide('context', process.env['CHIAVE_TEST_CONTEXT'] ?? '')
    return async () => undefined
  }
  const own = await startOwnCluster()
  project.provide('kubeconfig', own.kubeconfig)
  project.provide('context', '')
  return own.stop
}

interface OwnCluster {
  kubeconfig: string
  stop(): Promise<void>
}

/** API server and engine of the embedded cluster, on no host at all: there are no nodes, so nothing runs. */
export async function startOwnCluster(): Promise<OwnCluster> {
  ensureSchemas()
  const directory = fs.mkdtempSync(path.join(tmpdir(), 'chiave-api-suite-'))
  const token = randomBytes(24).toString('hex')
  const certificates = await ensureCertificates({ directory: path.join(directory, 'tls'), hosts: [] })
  const api = await startApiServer({
    databasePath: path.join(directory, 'state.db'),
    encryptionKey: randomBytes(32),
    users: [
      { name: 'admin', groups: ['system:masters'], tokenSha256: createHash('sha256').update(token).digest('hex') },
    ],
    caCertificate: certificates.ca.cert,
    schemasDirectory,
  })
  const { cert, key } = await certificates.server('api')
  const server = https.createServer({ cert, key }, (request, response) => api.handleRequest(request, response))
  server.on('upgrade', (request, socket, head) => api.handleUpgrade(request, socket, head))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // it listens on TCP
  const kubeconfig = path.join(directory, 'kubeconfig')
  fs.writeFileSync(kubeconfig, JSON.stringify(kubeconfigOf({ port, token, ca: certificates.ca.cert })))
  const connection = createKubeconfigConnection({ name: 'own', kubeconfigPath: kubeconfig })
  const engine = await startEngine({
    client: createKubeClient(connection, { identity: { type: 'self' }, userAgent: 'chiave-engine' }),
    hypervisors: new Map(),
    log: silentLog,
    signal: new AbortController().signal,
  })
  return {
    kubeconfig,
    stop: async () => {
      await engine.stop()
      connection.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await api.close()
      fs.rmSync(directory, { recursive: true, force: true })
    },
  }
}

function kubeconfigOf({ port, token, ca }: { port: number; token: string; ca: string }) {
  const cluster = {
    server: `https://127.0.0.1:${port}`,
    'certificate-authority-data': Buffer.from(ca).toString('base64'),
  }
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'own',
    clusters: [{ name: 'own', cluster }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'own', context: { cluster: 'own', user: 'admin', namespace: 'default' } }],
  }
}
