import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { builtInKinds, customKinds } from '@/contract/kinds/registry'
import { startApiServer } from '@/server/embedded/api-server'
import { testSchemas, testUsers } from '@/server/embedded/testing/start-test-server'
import { type StockKubectl, serveStockKubectl } from '@/server/embedded/testing/stock-kubectl'
import { ensureCertificates } from '@/server/home/certificates'
import { foreignBuiltInKinds, foreignDefinitions } from './foreign-definitions'

export interface DeploymentCluster extends StockKubectl {
  directory: string
  kubeconfig: string
}

/** An API server of its own that also knows the kinds of other projects, and kubectl for it. */
export async function startDeploymentCluster(): Promise<DeploymentCluster> {
  const directory = mkdtempSync(path.join(tmpdir(), 'chiave-deploy-'))
  const certificates = await ensureCertificates({ directory: path.join(directory, 'tls'), hosts: [] })
  const api = await startApiServer({
    databasePath: path.join(directory, 'state.db'),
    schemasDirectory: testSchemas,
    encryptionKey: Buffer.alloc(32, 1),
    users: testUsers,
    kinds: {
      builtIn: [...builtInKinds, ...foreignBuiltInKinds],
      // As in a cluster that Chiave is not in yet.
      custom: customKinds.filter(({ group }) => !group.endsWith('chiave.io')),
    },
    caCertificate: certificates.ca.cert,
  })
  const stock = await serveStockKubectl(directory, { api, certificates })
  const said = await stock.kubectl(['create'], { input: foreignDefinitions })
  if (/error|invalid/i.test(said)) throw new Error(said)
  return {
    ...stock,
    directory,
    kubeconfig: path.join(directory, 'kubeconfig'),
    close: async () => {
      await stock.close()
      await api.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
