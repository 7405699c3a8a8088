import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { curlExample, tokenKubeconfig } from './token-examples'

const secret = 'chiave_abc-DEF_123'

it.skipIf(!has('curl'))(
  'the curl example asks as written, with the token in a header and not in the address',
  async () => {
    const seen: { url: string | undefined; authorization: string | undefined }[] = []
    const server = createServer((request, response) => {
      seen.push({ url: request.url, authorization: request.headers.authorization })
      response.end('{}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      // A listening TCP server has an address with a port.
      const { port } = server.address() as AddressInfo
      const example = curlExample({ origin: `http://127.0.0.1:${port}`, cluster: 'my lab', secret })
      await promisify(execFile)('sh', ['-c', example])
    } finally {
      server.close()
    }
    expect(seen).toEqual([
      { url: '/k8s/my%20lab/apis/kubevirt.io/v1/virtualmachines', authorization: `Bearer ${secret}` },
    ])
  },
)

it('there is no kubeconfig for a console without TLS, to which kubectl would send no token', () => {
  expect(tokenKubeconfig({ origin: 'http://127.0.0.1:8006', cluster: 'local', secret })).toBeUndefined()
})

it('the kubeconfig points at the console’s own path of the cluster', () => {
  const text = tokenKubeconfig({ origin: 'https://vm.example', cluster: 'local', secret }) ?? ''
  expect(JSON.parse(text)).toMatchObject({
    'current-context': 'chiave-local',
    clusters: [{ cluster: { server: 'https://vm.example/k8s/local' } }],
    users: [{ user: { token: secret } }],
  })
})

it.skipIf(!has('kubectl'))('kubectl reads the kubeconfig', () => {
  const directory = mkdtempSync(join(tmpdir(), 'chi-config-'))
  try {
    const file = join(directory, 'config')
    writeFileSync(file, tokenKubeconfig({ origin: 'https://vm.example', cluster: 'local', secret }) ?? '')
    const shown = execFileSync('kubectl', ['--kubeconfig', file, 'config', 'current-context'], { encoding: 'utf8' })
    expect(shown.trim()).toBe('chiave-local')
  } finally {
    rmSync(directory, { recursive: true })
  }
})

function has(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' })
    return true
  } catch {
    // The shell found none.
    return false
  }
}
