import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensureCertificates } from '@/server/home/certificates'
import { type ApiServer, startApiServer } from './api-server'
import { definition, object, text } from './testing/custom-kind'
import { testSchemas, testUsers, virtualMachine } from './testing/start-test-server'
import { type StockKubectl, serveStockKubectl, withoutKubectl } from './testing/stock-kubectl'

let directory: string
let api: ApiServer
let stock: StockKubectl

const kubectl = (args: string[], input?: unknown) => stock.kubectl(args, { input })

describe.skipIf(withoutKubectl)('stock kubectl', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'chiave-kubectl-'))
    const certificates = await ensureCertificates({ directory, hosts: [] })
    api = await startApiServer({
      databasePath: path.join(directory, 'state.db'),
      schemasDirectory: testSchemas,
      encryptionKey: Buffer.alloc(32, 1),
      users: testUsers,
      caCertificate: certificates.ca.cert,
    })
    stock = await serveStockKubectl(directory, { api, certificates })
  })
  afterAll(async () => {
    await stock.close()
    await api.close()
    rmSync(directory, { recursive: true, force: true })
  })

  test('lists what there is', async () => {
    expect(await kubectl(['version'])).toMatch(/Server Version: v1\.\d+/)
    expect(await kubectl(['api-resources'])).toMatch(
      /virtualmachines\s+vm,vms\s+kubevirt.io\/v1\s+true\s+VirtualMachine/,
    )
    expect(await kubectl(['get', 'ns'])).toMatch(/NAME\s+STATUS\s+AGE\n(.*\n)*default\s+Active/)
  })

  test('applies, changes, explains, describes and deletes a machine', async () => {
    const machine = virtualMachine('web')
    expect(await kubectl(['apply'], machine)).toContain('virtualmachine.kubevirt.io/web created')
    expect(await kubectl(['apply'], machine)).toContain('virtualmachine.kubevirt.io/web unchanged')
    machine.spec['runStrategy'] = 'Manual'
    expect(await kubectl(['apply'], machine)).toContain('virtualmachine.kubevirt.io/web configured')
    expect(await kubectl(['get', 'vm'])).toMatch(/^NAME\s+AGE\s+STATUS\s+READY\nweb\s+\d+s/)
    expect(await kubectl(['label', 'vm', 'web', 'tier=front'])).toContain('labeled')
    expect(await kubectl(['annotate', 'vm', 'web', 'note=first'])).toContain('annotated')
    expect(await kubectl(['edit', 'vm', 'web'])).toContain('edited')
    expect(await kubectl(['get', 'vm', 'web', '-o', 'jsonpath={.metadata.annotations.note}'])).toBe('second')
    expect(await kubectl(['patch', 'vm', 'web', '--type', 'merge', '-p', '{"spec":{"runStrategy":"Once"}}'])).toContain(
      'patched',
    )
    expect(await kubectl(['get', 'vms', '-l', 'tier=front', '-o', 'name'])).toBe('virtualmachine.kubevirt.io/web\n')
    expect(await kubectl(['describe', 'vm', 'web'])).toMatch(/Run Strategy:\s+Once/)
    expect(await kubectl(['explain', 'vm'])).toMatch(/KIND:\s+VirtualMachine/)
    expect(await kubectl(['delete', 'vm', 'web'])).toContain('"web" deleted')
    expect(await kubectl(['get', 'vm', 'web'])).toContain(
      'Error from server (NotFound): virtualmachines.kubevirt.io "web" not found',
    )
  })

  test('creates core kinds, which it sends as protobuf', async () => {
    expect(await kubectl(['create', 'ns', 'team'])).toContain('namespace/team created')
    expect(await kubectl(['create', 'configmap', 'c', '--from-literal=a=b'])).toContain('configmap/c created')
    expect(await kubectl(['create', 'secret', 'generic', 's', '--from-literal=a=b'])).toContain('secret/s created')
    expect(await kubectl(['get', 'secret', 's', '-o', 'jsonpath={.data.a}'])).toBe('Yg==')
    expect(await kubectl(['auth', 'can-i', 'create', 'vm'])).toContain('yes')
    expect(await kubectl(['create', 'deployment', 'd', '--image=i'])).toContain('this cluster runs no containers')
  })

  test('merges core kinds strategically and applies on the server', async () => {
    const map = (data: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' }, data })
    await kubectl(['apply'], map({ a: '1', b: '2' }))
    await kubectl(['patch', 'cm', 'm', '-p', '{"data":{"c":"3"}}'])
    await kubectl(['apply'], map({ a: '1' }))
    expect(await kubectl(['get', 'cm', 'm', '-o', 'jsonpath={.data}'])).toBe('{"a":"1","c":"3"}')
    expect(await kubectl(['apply', '--server-side', '--field-manager=other'], map({ a: '2' }))).toMatch(/conflict/)
    expect(
      await kubectl(['apply', '--server-side', '--field-manager=other', '--force-conflicts'], map({ a: '2' })),
    ).toContain('serverside-applied')
    expect(await kubectl(['diff'], map({ a: '2' }))).not.toMatch(/error/i)
  })

  test('is told what is wrong with a manifest', async () => {
    const machine = virtualMachine('broken')
    delete machine.spec['runStrategy']
    expect(await kubectl(['apply'], machine)).toContain('spec.running: RunStrategy must be specified')
  })

  test('watches', async () => {
    const watch = spawn('kubectl', ['get', 'cm', '-w', '-l', 'w=1'], {
      env: { ...process.env, KUBECONFIG: path.join(directory, 'kubeconfig'), HOME: directory },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    try {
      let output = ''
      watch.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk
      })
      const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'watched', labels: { w: '1' } } }
      await kubectl(['create'], map)
      await expect.poll(() => output, { timeout: 20_000 }).toMatch(/watched\s+0\s+\d+s/)
    } finally {
      watch.kill()
    }
  })

  test('a kind of one’s own: defaults, pruning and refusals in the API server’s words', async () => {
    const crd = definition([
      {
        spec: object({ a: { type: 'integer', default: 3 }, b: text }),
        more: { additionalPrinterColumns: [{ name: 'A', type: 'integer', jsonPath: '.spec.a' }] },
      },
    ])
    const { kind, plural } = crd.spec.names
    expect(await kubectl(['apply'], crd)).toContain('created')
    const waiting = ['wait', '--for=condition=Established', `crd/${crd.metadata.name}`, '--timeout=5s']
    expect(await kubectl(waiting)).toContain('condition met')
    const body = { apiVersion: 'example.com/v1', kind, metadata: { name: 'x' }, spec: { b: 'y' } }
    expect(await kubectl(['apply'], body)).toContain('created')
    expect(await kubectl(['get', plural])).toMatch(/NAME\s+A\nx\s+3\n/)
    expect(await kubectl(['apply', '--validate=false'], { ...body, spec: { b: 5 } })).toContain(
      'spec.b: Invalid value: "integer": spec.b in body must be of type string: "integer"',
    )
  })
})
