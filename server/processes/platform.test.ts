import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leaseKind } from '@/contract/kinds/core'
import { cdiKind, kubeVirtKind } from '@/contract/kinds/platform'
import { platformKind } from '@/contract/kinds/platform-chiave'
import { createKubeClient } from '../cluster/client/kube-client'
import type { Connection } from '../cluster/connection'
import type { KubeClient } from '../cluster/kube-client'
import { createTlsConnection } from '../cluster/tls-connection'
import { adminToken, startTestServer, type TestServer } from '../embedded/testing/start-test-server'
import type { ChildMessage, PlatformConfig } from '../supervisor/process-config'

const namespace = 'chiave-system'
const root = path.resolve(import.meta.dirname, '../..')

let api: TestServer
let connection: Connection
let client: KubeClient
let directory: string
let kubeconfig: string
const children: ChildProcess[] = []

beforeAll(async () => {
  api = await startTestServer()
  connection = createTlsConnection({
    name: 'test',
    server: new URL(api.url),
    credentials: async () => ({ headers: { authorization: `Bearer ${adminToken}` }, tls: {} }),
  })
  client = createKubeClient(connection, { identity: { type: 'self' } })
  directory = mkdtempSync(path.join(tmpdir(), 'chiave-operator-'))
  kubeconfig = path.join(directory, 'kubeconfig')
  const file = {
    clusters: [{ name: 'a', cluster: { server: api.url } }],
    users: [{ name: 'a', user: { token: adminToken } }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    'current-context': 'a',
  }
  writeFileSync(kubeconfig, JSON.stringify(file))
  await bundle()
})

/** As the build does; what only other processes load is left out. */
async function bundle() {
  await build({
    absWorkingDir: root,
    entryPoints: { main: 'server/main.ts' },
    outdir: path.join(directory, 'dist'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    alias: { '@': root },
    external: ['@peculiar/x509', 'better-sqlite3', 'esbuild', 'next', 'react', 'react-dom', 'typescript'],
    banner: {
      js: "import { createRequire as createRequireForBundle } from 'node:module'; const require = createRequireForBundle(import.meta.url);",
    },
    loader: { '.yaml': 'text' },
    logLevel: 'error',
  })
  writeFileSync(path.join(directory, 'package.json'), '{"type":"module"}')
}
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  connection.close()
  await api.close()
  rmSync(directory, { recursive: true })
})

/** A real operator process, as the supervisor starts it. */
async function startOperator(candidate: string, version: string): Promise<{ child: ChildProcess; health: string }> {
  const child = fork(path.join(directory, 'dist', 'main.js'), ['--process', 'platform'], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  children.push(child)
  const config: PlatformConfig = {
    process: 'platform',
    connection: { type: 'kubeconfig', name: 'cluster', kubeconfig },
    candidate,
    health: { host: '127.0.0.1', port: 0 },
    version,
  }
  child.send({ type: 'start', config })
  const health = await new Promise<string>((resolve, reject) => {
    child.on('message', (message: ChildMessage) => {
      if (message.type === 'ready') resolve(message.url ?? '')
      else if (message.type === 'failed') reject(new Error(message.sentence))
    })
    child.once('exit', (code) => reject(new Error(`it ended with ${code}`)))
  })
  return { child, health }
}

const holder = async () =>
  (await client.find(leaseKind, { namespace, name: 'chiave-operator' }))?.spec?.holderIdentity?.split('_')[0]
const status = async () => (await client.find(platformKind, { name: 'chiave' }))?.status
const operatorVersion = async () => (await status())?.operatorVersion
const leads = async (health: string) =>
  /^chiave_operator_leader 1$/m.test(await (await fetch(`${health}/metrics`)).text())
const timeout = 20_000

describe('operators', () => {
  it('take over from one that is killed in the middle of its work within 15 s, and from one that stops at once', async () => {
    const one = await startOperator('one', '1.0.1')
    await expect.poll(operatorVersion, { timeout }).toBe('1.0.1')
    const two = await startOperator('two', '1.0.2')
    await expect.poll(() => Promise.all([leads(one.health), leads(two.health)]), { timeout }).toEqual([true, false])
    for (const { health } of [one, two]) {
      await expect.poll(async () => (await fetch(`${health}/readyz`)).status, { timeout }).toBe(200)
      expect((await fetch(`${health}/healthz`)).status).toBe(200)
    }
    // Something to report, and no time to do it.
    const kubeVirt = {
      apiVersion: 'kubevirt.io/v1',
      kind: 'KubeVirt',
      metadata: { name: 'kubevirt', namespace },
      spec: {},
    }
    const created = await client.create(kubeVirtKind, kubeVirt)
    await client.updateStatus(kubeVirtKind, { ...created, status: { phase: 'Deploying' } })
    const cdi = { apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'CDI', metadata: { name: 'cdi' }, spec: {} }
    await client.create(cdiKind, { ...cdi, status: { phase: 'Deployed', observedVersion: 'v1.63.0' } })
    await client.delete(platformKind, { name: 'chiave' })
    one.child.kill('SIGKILL')
    const killedAt = Date.now()
    await expect.poll(holder, { timeout, interval: 100 }).toBe('two')
    expect(Date.now() - killedAt).toBeLessThan(15_000)
    await expect.poll(operatorVersion, { timeout }).toBe('1.0.2')
    const found = await status()
    expect(found?.components?.find(({ name }) => name === 'kubevirt')).toMatchObject({ present: true, ready: false })
    expect(found?.components?.find(({ name }) => name === 'cdi')).toMatchObject({ version: 'v1.63.0', ready: true })
    expect(await leads(two.health)).toBe(true)

    // Asked to stop it gives the lease back: nobody waits for its end.
    await startOperator('three', '1.0.3')
    const exited = new Promise((resolve) => two.child.once('exit', resolve))
    const stoppedAt = Date.now()
    two.child.kill('SIGTERM')
    await exited
    expect(Date.now() - stoppedAt).toBeLessThan(5_000)
    await expect.poll(holder, { timeout }).toBe('three')
    expect(Date.now() - stoppedAt).toBeLessThan(10_000)
  }, 120_000)
})
