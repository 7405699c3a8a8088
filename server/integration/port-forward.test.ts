import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createWebSocketStream, WebSocket } from 'ws'
import { namespaceKind, persistentVolumeClaimKind } from '@/contract/kinds/core'
import { dataVolumeKind } from '@/contract/kinds/data-volume'
import { type VirtualMachine, virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import { forwardAddress } from '../hypervisor/loopback-guard'
import { Cluster, engineToken, machine } from './running-cluster.fixture'
import { udpEchoProgram } from './udp-echo-program.fixture'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const image = process.env['CHIAVE_DEMO_IMAGE'] ?? here('../../.cache/chiave-demo.qcow2')
const programs = ['qemu-system-x86_64', 'qemu-img', 'apt-get', 'mcopy', 'mke2fs', 'ss', 'ssh', 'ssh-keygen']
const missing = programs.filter((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0)

/** Services of the guest: an echo for each protocol, files by HTTP, a reader that notes the end of its input, and SSH. */
const userData = (publicKey: string) => `#cloud-config
user: chiave
ssh_authorized_keys: ["${publicKey.trim()}"]
runcmd:
  - mkdir -p /run/www
  - dd if=/dev/urandom of=/run/www/large bs=1M count=5
  - sh -c 'sha256sum < /run/www/large > /run/www/sum'
  - httpd -p 8080 -h /run/www
  - sh -c 'nc -ll -p 7000 -e cat > /dev/null 2>&1 &'
  - sh -c 'nc -ll -p 7002 -e sh -c "sha256sum > /run/www/heard" > /dev/null 2>&1 &'
  - sh -c 'echo ${udpEchoProgram().toString('base64')} | base64 -d > /run/udp-echo; chmod 755 /run/udp-echo; /run/udp-echo > /dev/null 2>&1 &'
  - touch /run/www/ready
`

function guest(publicKey: string): VirtualMachine {
  const vm = machine('Always')
  const { spec } = vm.spec.template
  const [template] = vm.spec.dataVolumeTemplates ?? []
  if (template) template.spec = { source: { blank: {} }, storage: { resources: { requests: { storage: '128Mi' } } } }
  spec.domain.memory = { guest: '128Mi' }
  spec.volumes = [
    { name: 'root', dataVolume: { name: 'one-root' } },
    { name: 'seed', cloudInitNoCloud: { userData: userData(publicKey) } },
  ]
  return vm
}

describe.skipIf(missing.length > 0)(`ports of a guest (missing here: ${missing.join(', ') || 'nothing'})`, () => {
  vi.setConfig({ testTimeout: 60_000, hookTimeout: 600_000 })
  const cluster = new Cluster()
  let port: number
  let directory: string
  let pid: number

  /** As virtctl opens one. */
  function dial(target: string, resource = 'virtualmachines'): WebSocket {
    const path = `/apis/subresources.kubevirt.io/v1/namespaces/demo/${resource}/one/portforward/${target}`
    return new WebSocket(`ws://127.0.0.1:${port}${path}`, ['plain.kubevirt.io'], {
      headers: { Authorization: `Bearer ${engineToken}` },
      perMessageDeflate: false,
    })
  }

  async function open(target: string, resource?: string): Promise<WebSocket> {
    const socket = dial(target, resource)
    await once(socket, 'open')
    expect(socket.protocol).toBe('plain.kubevirt.io')
    return socket
  }

  async function refused(target: string): Promise<[number, string]> {
    const socket = dial(target)
    socket.on('error', () => undefined)
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
    const status = JSON.parse(Buffer.concat(chunks).toString()) as { message: string } // a Status
    return [response.statusCode ?? 0, status.message]
  }

  /** The bytes that come until `length` are there, or the end. */
  async function read(socket: WebSocket, length = Infinity): Promise<Buffer> {
    const chunks: Buffer[] = []
    let got = 0
    const done = new Promise<void>((resolve) => {
      socket.on('close', () => resolve())
      socket.on('message', (data: Buffer, isBinary) => {
        expect(isBinary).toBe(true)
        chunks.push(data)
        got += data.length
        if (got >= length) resolve()
      })
    })
    await done
    return Buffer.concat(chunks)
  }

  async function echo(socket: WebSocket, data: Buffer): Promise<Buffer> {
    const answer = read(socket, data.length)
    for (let at = 0; at < data.length; at += 10_240) socket.send(data.subarray(at, at + 10_240))
    return answer
  }

  async function fetch(path: string): Promise<Buffer | undefined> {
    const socket = await open('8080')
    const answer = read(socket)
    socket.send(Buffer.from(`GET ${path} HTTP/1.0\r\n\r\n`))
    const bytes = await answer
    const end = bytes.indexOf('\r\n\r\n')
    return /^HTTP\/1\.\d 200 /.test(bytes.toString('latin1', 0, end)) ? bytes.subarray(end + 4) : undefined
  }

  const sockets = () => {
    const lines = execFileSync('ss', ['-Hatunp'], { encoding: 'utf8' }).split('\n')
    return lines.filter((line) => line.includes(`pid=${pid},`) && line.includes(forwardAddress))
  }
  const idle = () => expect.poll(sockets, { timeout: 20_000 }).toEqual([])

  beforeAll(async () => {
    if (!existsSync(image)) {
      execFileSync(process.execPath, [here('../../scripts/image-demo/build.mjs'), '--out', image], { stdio: 'inherit' })
    }
    directory = await mkdtemp(join(tmpdir(), 'chiave-ports-'))
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, 'key')])
    await cluster.start()
    port = await cluster.listenOnTcp()
    await cluster.client.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } })
    const vm = guest(await readFile(join(directory, 'key.pub'), 'utf8'))
    await cluster.client.create(virtualMachineKind, { ...vm, spec: { ...vm.spec, runStrategy: 'Halted' } })
    await cluster.until(dataVolumeKind, 'one-root', (found) => found?.status?.phase === 'Succeeded')
    const claim = await cluster.client.get(persistentVolumeClaimKind, { namespace: 'demo', name: 'one-root' })
    const disk = cluster.agent.diskPath(claim.metadata.uid ?? '')
    execFileSync('qemu-img', ['convert', '-n', '-O', 'raw', image, disk])
    await cluster.printable('Stopped')
    await cluster.act('virtualmachines', 'start')
    await cluster.printable('Running')
    const vmi = await cluster.client.get(virtualMachineInstanceKind, { namespace: 'demo', name: 'one' })
    pid = (await cluster.agent.hypervisor.machine(vmi.metadata.uid ?? ''))?.pid ?? 0
    const deadline = Date.now() + 300_000
    // Refused until the guest's services run.
    while (!(await fetch('/ready').catch(() => undefined))) {
      if (Date.now() > deadline) throw new Error('the guest’s services did not start')
      await sleep(500)
    }
  })
  afterAll(async () => {
    await cluster.stop()
    await rm(directory, { recursive: true, force: true })
  })

  it('carry bytes both ways, and leave nothing open', async () => {
    await idle()
    for (const [target, resource] of [
      ['7000', 'virtualmachines'],
      ['7000/tcp', 'virtualmachineinstances'],
    ] as const) {
      const socket = await open(target, resource)
      expect(String(await echo(socket, Buffer.from('hello')))).toBe('hello')
      // Only the connection is there: QEMU has stopped listening.
      expect(sockets().filter((line) => !/\bESTAB\b/.test(line))).toEqual([])
      expect(sockets()).toHaveLength(1)
      socket.close()
      await idle()
    }
  })

  it('are reached twenty at a time', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => open('7000')))
    const sent = all.map(() => randomBytes(20_000))
    const got = await Promise.all(all.map((socket, index) => echo(socket, sent[index] ?? Buffer.alloc(0))))
    expect(got.every((bytes, index) => bytes.equals(sent[index] ?? Buffer.alloc(0)))).toBe(true)
    expect(sockets()).toHaveLength(20)
    for (const socket of all) socket.close()
    await idle()
  })

  it('give and take five megabytes whole', async () => {
    const large = await fetch('/large')
    expect(large?.length).toBe(5 * 2 ** 20)
    const sum = createHash('sha256')
      .update(large ?? '')
      .digest('hex')
    expect(String(await fetch('/sum'))).toContain(sum)
    const socket = await open('7000')
    const data = randomBytes(5 * 2 ** 20)
    expect((await echo(socket, data)).equals(data)).toBe(true)
    socket.close()
    await idle()
  })

  it('are closed for the guest when the client closes, after all that it sent', async () => {
    const socket = await open('7002')
    const data = randomBytes(3 * 2 ** 20)
    socket.send(data)
    socket.close()
    const sum = createHash('sha256').update(data).digest('hex')
    await expect.poll(async () => String(await fetch('/heard')), { timeout: 30_000, interval: 300 }).toContain(sum)
    await idle()
  })

  it('are closed for the client when the guest closes', async () => {
    const socket = await open('8080')
    const closed = once(socket, 'close')
    socket.send(Buffer.from('GET /ready HTTP/1.0\r\n\r\n'))
    expect((await closed)[0]).toBe(1000)
    await idle()
  })

  it('on which nothing listens are refused in virt-api’s words', async () => {
    const words = (text: string) => expect.stringMatching(`^Internal error occurred: dialing VM: dial ${text}$`)
    expect(await refused('9/tcp')).toEqual([500, words('tcp 10\\.42\\.\\d+\\.\\d+:9: connect: connection refused')])
    expect(await refused('0')).toEqual([500, words('tcp 10\\.42\\.\\d+\\.\\d+:0: connect: connection refused')])
    expect(await refused('70000')).toEqual([500, words('tcp: address 70000: invalid port')])
    expect(await refused('22/sctp')).toEqual([500, words('sctp: unknown network sctp')])
    await idle()
  })

  it('take datagrams, each as it is', async () => {
    const [one, two] = [await open('7001/udp'), await open('7001/udp')]
    for (const [socket, data] of [
      [one, Buffer.from('first')],
      [two, Buffer.from('second')],
      [one, randomBytes(1_400)],
    ] as const) {
      const answer = once(socket, 'message')
      socket.send(data)
      expect(((await answer)[0] as Buffer).equals(data)).toBe(true)
    }
    one.close()
    two.close()
    await idle()
  })

  it('carry SSH, commands and files', async () => {
    // What `virtctl port-forward` does: a port of this host for ssh to connect to.
    const forwarder = createServer((client) => {
      const socket = dial('22/tcp')
      const stream = createWebSocketStream(socket)
      stream.on('error', () => client.destroy())
      client.on('error', () => stream.destroy())
      client.pipe(stream).pipe(client)
    }).listen(0, '127.0.0.1')
    await once(forwarder, 'listening')
    const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'BatchMode=yes', 'LogLevel=ERROR']
    const arguments_ = [
      ...['-F', '/dev/null', '-i', join(directory, 'key'), '-p', String((forwarder.address() as AddressInfo).port)],
      ...options.flatMap((option) => ['-o', option]),
      'chiave@127.0.0.1',
    ]
    try {
      const run = promisify(execFile)('ssh', [...arguments_, 'cat > /tmp/sent; sha256sum < /tmp/sent; id -un'])
      const data = randomBytes(2 ** 20)
      run.child.stdin?.end(data)
      const { stdout } = await run
      expect(stdout).toContain(createHash('sha256').update(data).digest('hex'))
      expect(stdout).toMatch(/\nchiave\n/)
    } finally {
      forwarder.close()
    }
    await idle()
  })

  it('end with their machine', async () => {
    const [socket, datagrams] = [await open('7000'), await open('7001/udp')]
    const closed = Promise.all([once(socket, 'close'), once(datagrams, 'close')])
    await cluster.client.raw('PUT', '/apis/subresources.kubevirt.io/v1/namespaces/demo/virtualmachines/one/stop', {
      gracePeriod: 0,
    })
    await closed
    const words = 'Operation cannot be fulfilled on virtualmachine.kubevirt.io "one": VMI is not started'
    await expect.poll(() => refused('7000'), { timeout: 10_000 }).toEqual([409, words])
  })
})
