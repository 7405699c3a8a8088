import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { namespaceKind, persistentVolumeClaimKind } from '@/contract/kinds/core'
import { dataVolumeKind } from '@/contract/kinds/data-volume'
import { virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import { testGuestImage } from '../hypervisor/test-guest'
import { Cluster, engineToken, machine } from './running-cluster.fixture'

/** The requests that `virtctl` makes, headers and bodies as its Go client sends them. */
class VirtctlClient {
  constructor(readonly port: number) {}

  async #send(method: string, path: string, options?: object): Promise<{ status: number; type: string; body: Buffer }> {
    const body = options === undefined ? undefined : JSON.stringify(options)
    const request = http.request({
      host: '127.0.0.1',
      port: this.port,
      method,
      path,
      // No Content-Type: options are handed over as bytes.
      headers: {
        Accept: 'application/json, */*',
        'User-Agent': 'virtctl/v1.9.0 (linux/amd64) kubevirt',
        Authorization: `Bearer ${engineToken}`,
        ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }),
      },
    })
    request.end(body)
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
    const type = response.headers['content-type'] ?? ''
    return { status: response.statusCode ?? 0, type, body: Buffer.concat(chunks) }
  }

  /** `start`, `stop`, `restart` …; the answer's status, and its message when it refuses. */
  async machine(subresource: string, options: object = {}): Promise<[number, string]> {
    return this.#act('virtualmachines', subresource, options)
  }

  async instance(subresource: string, options: object = {}): Promise<[number, string]> {
    return this.#act('virtualmachineinstances', subresource, options)
  }

  async #act(resource: string, subresource: string, options: object): Promise<[number, string]> {
    const path = `/apis/subresources.kubevirt.io/v1/namespaces/demo/${resource}/one/${subresource}`
    const { status, body } = await this.#send('PUT', path, options)
    const text = body.toString()
    return [status, text === '' ? '' : String((JSON.parse(text) as { message?: string }).message)] // a Status
  }

  get(path: string): Promise<{ status: number; type: string; body: Buffer }> {
    return this.#send('GET', `/apis/subresources.kubevirt.io/v1/${path}`)
  }

  ask(subresource: string): Promise<{ status: number; type: string; body: Buffer }> {
    return this.get(`namespaces/demo/virtualmachineinstances/one/${subresource}`)
  }

  stream(subresource: string, resource = 'virtualmachineinstances'): WebSocket {
    const path = `/apis/subresources.kubevirt.io/v1/namespaces/demo/${resource}/one/${subresource}`
    return new WebSocket(`ws://127.0.0.1:${this.port}${path}`, ['plain.kubevirt.io'], {
      headers: { Authorization: `Bearer ${engineToken}` },
    })
  }

  /** The status and message with which a stream is refused. */
  async refused(subresource: string, resource?: string): Promise<[number, string]> {
    const socket = this.stream(subresource, resource)
    socket.on('error', () => undefined)
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, http.IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
    socket.terminate()
    const status = JSON.parse(Buffer.concat(chunks).toString()) as { message: string } // a Status
    return [response.statusCode ?? 0, status.message]
  }
}

/** Reads a stream until it has said something. */
async function said(socket: WebSocket, text: string): Promise<void> {
  let heard = ''
  socket.on('message', (data: Buffer, isBinary) => {
    expect(isBinary).toBe(true)
    heard += data.toString('latin1')
  })
  if (socket.readyState !== WebSocket.OPEN) await once(socket, 'open')
  expect(socket.protocol).toBe('plain.kubevirt.io')
  await expect.poll(() => heard, { timeout: 20_000 }).toContain(text)
}

const onMachine = 'Operation cannot be fulfilled on virtualmachine.kubevirt.io "one"'
const onInstance = 'Operation cannot be fulfilled on virtualmachineinstance.kubevirt.io "one"'

describe('what virtctl asks', () => {
  const cluster = new Cluster()
  let client: VirtctlClient
  beforeAll(async () => {
    await cluster.start()
    client = new VirtctlClient(await cluster.listenOnTcp())
    const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } }
    await cluster.client.create(namespaceKind, object)
    await cluster.client.create(virtualMachineKind, machine('Halted'))
    await cluster.until(dataVolumeKind, 'one-root', (found) => found?.status?.phase === 'Succeeded')
    const claim = await cluster.client.get(persistentVolumeClaimKind, { namespace: 'demo', name: 'one-root' })
    await writeFile(cluster.agent.diskPath(claim.metadata.uid ?? ''), testGuestImage('MARKER01'))
    await cluster.printable('Stopped')
  }, 60_000)
  afterAll(() => cluster.stop())

  it('about the cluster is answered', async () => {
    expect(JSON.parse((await client.get('version')).body.toString())).toMatchObject({ gitVersion: 'v1.9.0' })
    expect(JSON.parse((await client.get('healthz')).body.toString())).toMatchObject({
      apiserver: { connectivity: 'ok' },
    })
    expect((await client.get('guestfs')).status).toBe(500)
  })

  it('of a stopped machine is refused in KubeVirt’s words', async () => {
    const missing = 'virtualmachineinstance.kubevirt.io "one" not found'
    expect(await client.machine('stop')).toEqual([409, `${onMachine}: VM is not running`])
    expect(await client.machine('restart')).toEqual([
      409,
      `${onMachine}: RunStategy Halted does not support manual restart requests`,
    ])
    expect(await client.machine('restart', { gracePeriodSeconds: 5 })).toEqual([
      400,
      'For force restart, only gracePeriod=0 is supported for now',
    ])
    expect(await client.machine('migrate')).toEqual([404, missing])
    expect(await client.instance('pause')).toEqual([404, missing])
    expect(await client.refused('console')).toEqual([404, missing])
    expect(await client.refused('portforward/22/tcp', 'virtualmachines')).toEqual([
      409,
      `${onMachine}: VMI is not started`,
    ])
    const info = await client.ask('guestosinfo')
    expect([info.status, info.type, info.body.toString()]).toEqual([500, 'text/plain; charset=utf-8', missing])
  })

  it('with options of other types is refused as undecodable', async () => {
    expect(await client.machine('start', { paused: 'yes' })).toEqual([
      400,
      'Can not unmarshal Request body to struct, error: json: cannot unmarshal string into Go struct field StartOptions.paused of type bool',
    ])
    expect(await client.machine('stop', { gracePeriod: -1 })).toEqual([
      400,
      'gracePeriod has to be greater or equal to 0',
    ])
  })

  it('volumes: those of a stopped machine are added to and taken from it', async () => {
    const volume = { name: 'more', disk: { disk: { bus: 'scsi' } }, volumeSource: { dataVolume: { name: 'more' } } }
    expect(await client.machine('addvolume', {})).toEqual([400, 'AddVolumeOptions requires name to be set'])
    expect(await client.machine('addvolume', { name: 'x' })).toEqual([
      400,
      'AddVolumeOptions requires disk to not be nil',
    ])
    expect(await client.machine('addvolume', volume)).toEqual([202, ''])
    expect(await client.machine('addvolume', volume)).toEqual([
      409,
      `${onMachine}: Unable to add volume [more] because volume with that name already exists`,
    ])
    const vm = await cluster.client.get(virtualMachineKind, { namespace: 'demo', name: 'one' })
    expect(vm.spec.template.spec.volumes).toContainEqual({
      name: 'more',
      dataVolume: { name: 'more', hotpluggable: true },
    })
    expect(await client.machine('removevolume', { name: 'root' })).toEqual([
      409,
      `${onMachine}: Unable to remove volume [root] because it is not hotpluggable`,
    ])
    expect(await client.machine('removevolume', { name: 'more' })).toEqual([202, ''])
    expect(await client.machine('removevolume', { name: 'more' })).toEqual([
      409,
      `${onMachine}: Unable to remove volume [more] because it does not exist`,
    ])
  })

  it('start: as a rehearsal, then paused, then unpaused', async () => {
    expect(await client.machine('start', { dryRun: ['All'] })).toEqual([202, ''])
    expect(await cluster.client.find(virtualMachineInstanceKind, { namespace: 'demo', name: 'one' })).toBeUndefined()
    expect(await client.machine('start', { paused: true })).toEqual([202, ''])
    await cluster.printable('Paused')
    expect(await client.machine('start')).toEqual([409, `${onMachine}: VM is already running`])
    expect(await client.instance('pause')).toEqual([409, `${onInstance}: VMI is already paused`])
    expect(await client.instance('softreboot')).toEqual([409, `${onInstance}: VMI is paused`])
    expect(await client.refused('portforward/22')).toEqual([409, `${onInstance}: VMI is paused`])
    expect(await client.instance('unpause')).toEqual([200, ''])
    await cluster.printable('Running')
    expect(await client.instance('unpause')).toEqual([409, `${onInstance}: VMI is not paused`])
  })

  it('console: the guest’s serial line comes over the socket', async () => {
    const socket = client.stream('console')
    const heard = said(socket, 'MARKER01')
    await once(socket, 'open')
    expect(await client.instance('reset')).toEqual([200, ''])
    await heard
    socket.close()
  })

  it('vnc: one viewer at a time, unless the first is to stay', async () => {
    const first = client.stream('vnc')
    await said(first, 'RFB 003.00')
    expect((await client.refused('vnc?preserveSession=true'))[0]).toBe(503)
    const second = client.stream('vnc')
    await Promise.all([said(second, 'RFB 003.00'), once(first, 'close')])
    second.close()
    const picture = await client.ask('vnc/screenshot')
    expect([picture.status, picture.body.subarray(1, 4).toString()]).toEqual([200, 'PNG'])
  })

  it('what a guest without agent, USB or SEV cannot give is refused', async () => {
    for (const subresource of ['guestosinfo', 'userlist', 'filesystemlist']) {
      const { status, body } = await client.ask(subresource)
      const words = `${onInstance}: VMI does not have guest agent connected`
      expect([subresource, status, body.toString()]).toEqual([subresource, 500, words])
    }
    expect(await client.refused('usbredir')).toEqual([409, `${onInstance}: Not configured with USB Redirection`])
    expect(await client.refused('vsock?port=1')).toEqual([400, 'VSOCK is not attached.'])
    expect((await client.ask('sev/fetchcertchain')).body.toString()).toBe(
      `${onInstance}: Attestation not requested for VMI`,
    )
    expect(await client.instance('addvolume', { name: 'x', disk: {}, volumeSource: {} })).toEqual([
      400,
      'VMI demo/one is owned by a VM',
    ])
    expect(await client.machine('memorydump', { claimName: 'x' })).toEqual([
      400,
      'Enable DeclarativeHotplugVolumes or HotplugVolumes feature gate to use this API.',
    ])
    expect(await client.instance('evacuate/cancel')).toEqual([200, ''])
    expect(await client.instance('freeze')).toEqual([
      500,
      'Internal error occurred: unexpected return code 400 (400 Bad Request), message: Unfreeze timeout in freeze request is not set',
    ])
  })

  it('port-forward: a guest that does not answer is waited for ten seconds, datagrams need no answer', async () => {
    expect(await client.refused('portforward/22/tcp', 'virtualmachines')).toEqual([
      500,
      expect.stringMatching(/^Internal error occurred: dialing VM: dial tcp 10\.\d+\.\d+\.\d+:22: i\/o timeout$/),
    ])
    const socket = client.stream('portforward/53/udp')
    await once(socket, 'open')
    socket.close()
    await once(socket, 'close')
  })

  it('restart and stop: in order and by force', async () => {
    const before = await cluster.client.get(virtualMachineInstanceKind, { namespace: 'demo', name: 'one' })
    expect(await client.machine('restart', { gracePeriodSeconds: 0 })).toEqual([202, ''])
    await cluster.until(
      virtualMachineInstanceKind,
      'one',
      (vmi) => vmi !== undefined && vmi.metadata.uid !== before.metadata.uid && vmi.status?.phase === 'Running',
      40,
    )
    expect(await client.machine('stop', { gracePeriod: 0 })).toEqual([202, ''])
    await cluster.printable('Stopped')
  })

  it.skipIf(process.env['VIRTCTL'] === undefined)('by the real virtctl', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'chiave-virtctl-'))
    const file = join(directory, 'kubeconfig')
    await writeFile(
      file,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${client.port}` } }],
        users: [{ name: 'u', user: { token: engineToken } }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'demo' } }],
        'current-context': 'x',
      }),
    )
    const virtctl = async (...args: string[]) =>
      (await promisify(execFile)(process.env['VIRTCTL'] ?? '', ['--kubeconfig', file, ...args])).stdout
    try {
      expect(await virtctl('version')).toContain('v1.9.0')
      expect(await virtctl('start', 'one')).toContain('VM one was scheduled to start')
      await cluster.printable('Running')
      expect(await virtctl('pause', 'vm', 'one')).toContain('VMI one was scheduled to pause')
      await cluster.printable('Paused')
      expect(await virtctl('unpause', 'vm', 'one')).toContain('VMI one was scheduled to unpause')
      await cluster.printable('Running')
      await expect(virtctl('guestosinfo', 'one')).rejects.toThrow('guest agent')
      expect(await virtctl('stop', 'one', '--force', '--grace-period=0')).toContain('VM one was scheduled to stop')
      await cluster.printable('Stopped')
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })
})
