import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensureCertificates } from '@/server/home/certificates'
import { type ApiServer, startApiServer } from '../api-server'
import { testUsers } from '../testing/start-test-server'
import { type KubectlOptions, type StockKubectl, serveStockKubectl, withoutKubectl } from '../testing/stock-kubectl'

let directory: string
let api: ApiServer
let stock: StockKubectl

const kubectl = (args: string[], options?: KubectlOptions) => stock.kubectl(args, options)

describe.skipIf(withoutKubectl)('stock kubectl', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'chiave-kubectl-auth-'))
    const certificates = await ensureCertificates({ directory: path.join(directory, 'tls'), hosts: [] })
    api = await startApiServer({
      databasePath: path.join(directory, 'state.db'),
      encryptionKey: Buffer.alloc(32, 1),
      users: testUsers,
      caCertificate: certificates.ca.cert,
    })
    stock = await serveStockKubectl(directory, { api, certificates })
  }, 60_000)
  afterAll(async () => {
    await stock.close()
    await api.close()
    rmSync(directory, { recursive: true, force: true })
  })

  test('makes roles and bindings, and shows them', async () => {
    expect(await kubectl(['create', 'namespace', 'team'])).toContain('created')
    expect(await kubectl(['create', 'role', 'reader', '-n', 'team', '--verb=get,list', '--resource=pods'])).toBe(
      'role.rbac.authorization.k8s.io/reader created\n',
    )
    expect(await kubectl(['create', 'rolebinding', 'jane', '-n', 'team', '--role=reader', '--user=jane'])).toContain(
      'created',
    )
    expect(await kubectl(['create', 'clusterrolebinding', 'ops', '--clusterrole=view', '--group=ops'])).toContain(
      'created',
    )
    expect(await kubectl(['get', 'rolebindings', '-n', 'team'])).toMatch(
      /^NAME\s+ROLE\s+AGE\njane\s+Role\/reader\s+\d+s/,
    )
    expect(await kubectl(['describe', 'clusterrole', 'cluster-admin'])).toMatch(/\*\.\*\s+\[\]\s+\[\]\s+\[\*\]/)
  })

  test('tells what one may do', async () => {
    expect(await kubectl(['auth', 'can-i', 'list', 'pods', '-n', 'team', '--as', 'jane'])).toContain('yes')
    expect(await kubectl(['auth', 'can-i', 'list', 'pods', '--as', 'jane'])).toContain('no')
    expect(await kubectl(['auth', 'can-i', 'get', 'vm', '--as', 'x', '--as-group', 'ops'])).toContain('yes')
    expect(await kubectl(['auth', 'can-i', 'get', 'secrets', '--as', 'x', '--as-group', 'ops'])).toContain('no')
    expect(await kubectl(['auth', 'can-i', 'get', '/metrics', '--as', 'jane'])).toContain('no')
    expect(await kubectl(['auth', 'can-i', '--list', '-n', 'team', '--as', 'jane'])).toMatch(
      /pods\s+\[\]\s+\[\]\s+\[get list\]/,
    )
    expect(await kubectl(['auth', 'can-i', '--list'])).toMatch(/\*\.\*\s+\[\]\s+\[\]\s+\[\*\]/)
    expect(await kubectl(['get', 'secrets', '-n', 'team', '--as', 'jane'])).toBe(
      'Error from server (Forbidden): secrets is forbidden: User "jane" cannot list resource "secrets" in API group "" in the namespace "team"\n',
    )
    expect(await kubectl(['get', 'pods', '-n', 'team', '--as', 'jane'])).toContain(
      'No resources found in team namespace.',
    )
  })

  test('adds what a role lacks by reconciling it', async () => {
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'reader', namespace: 'team' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }],
    }
    expect(await kubectl(['auth', 'reconcile'], { input: role })).toContain('reconciled')
    expect(await kubectl(['auth', 'can-i', 'get', 'cm', '-n', 'team', '--as', 'jane'])).toContain('yes')
    expect(await kubectl(['auth', 'can-i', 'get', 'pods', '-n', 'team', '--as', 'jane'])).toContain('yes')
  })

  test('works with the token of a service account', async () => {
    expect(await kubectl(['create', 'sa', 'bot', '-n', 'team'])).toContain('created')
    await kubectl(['create', 'rolebinding', 'bot', '-n', 'team', '--clusterrole=edit', '--serviceaccount=team:bot'])
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/service-account-token',
      metadata: { name: 'bot', namespace: 'team', annotations: { 'kubernetes.io/service-account.name': 'bot' } },
    }
    await kubectl(['create'], { input: secret })
    const read = () => kubectl(['get', 'secret', 'bot', '-n', 'team', '-o', 'jsonpath={.data.token}'])
    await expect.poll(read, { timeout: 10_000 }).not.toBe('')
    const token = Buffer.from(await read(), 'base64').toString()
    await kubectl(['config', 'set-credentials', 'bot', `--token=${token}`])
    expect(await kubectl(['create', 'cm', 'c', '-n', 'team'], { user: 'bot' })).toContain('created')
    expect(await kubectl(['get', 'nodes'], { user: 'bot' })).toContain(
      'nodes is forbidden: User "system:serviceaccount:team:bot" cannot list resource "nodes" in API group "" at the cluster scope',
    )
  })

  test('gets a certificate and signs in with it', async () => {
    const file = (suffix: string) => path.join(directory, `jane.${suffix}`)
    const subject = ['-subj', '/CN=jane']
    const make = [
      'req',
      '-new',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      file('key'),
      '-out',
      file('csr'),
      ...subject,
    ]
    execFileSync('openssl', make, { stdio: 'ignore' })
    const request = {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: 'jane' },
      spec: {
        request: readFileSync(file('csr')).toString('base64'),
        signerName: 'kubernetes.io/kube-apiserver-client',
        usages: ['client auth'],
      },
    }
    expect(await kubectl(['create'], { input: request })).toContain('created')
    expect(await kubectl(['get', 'csr'])).toMatch(
      /jane\s+\d+s\s+kubernetes.io\/kube-apiserver-client\s+admin\s+<none>\s+Pending/,
    )
    expect(await kubectl(['certificate', 'approve', 'jane'])).toContain('approved')
    const issued = () => kubectl(['get', 'csr', 'jane', '-o', 'jsonpath={.status.certificate}'])
    await expect.poll(issued, { timeout: 20_000 }).not.toBe('')
    writeFileSync(file('crt'), Buffer.from(await issued(), 'base64'))
    await kubectl([
      'config',
      'set-credentials',
      'jane',
      `--client-certificate=${file('crt')}`,
      `--client-key=${file('key')}`,
    ])
    expect(await kubectl(['get', 'pods', '-n', 'team'], { user: 'jane' })).toContain('No resources found')
    expect(await kubectl(['get', 'pods'], { user: 'jane' })).toContain('User "jane" cannot list resource "pods"')
  })
})
