/* eslint-disable complexity -- every optional step into a status counts as a branch */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  eventKind,
  namespaceKind,
  nodeKind,
  persistentVolumeClaimKind,
  persistentVolumeKind,
  podKind,
} from '@/contract/kinds/core'
import { kubeVirtKind } from '@/contract/kinds/platform'
import { virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { diskless, type EngineBench, machine, startBench } from './engine-bench.fixture'
import { shutDownMachines } from './shut-down-machines'
import { buildSubresourceHandlers } from './subresources/handlers'

let bench: EngineBench
beforeEach(async () => {
  bench = await startBench()
})
afterEach(() => bench.stop())

const ref = { namespace: 'demo', name: 'one' }

async function act(resource: 'virtualmachines' | 'virtualmachineinstances', subresource: string, body: unknown = {}) {
  const parts = { client: bench.api.client, hypervisorFor: () => bench.host }
  const handler = buildSubresourceHandlers(parts).find(
    (one) => one.resource === resource && one.subresource === subresource,
  )
  if (!handler?.handle) throw new Error(`no handler for ${resource}/${subresource}`)
  return handler.handle({ ...ref, query: new URLSearchParams(), body })
}

const reasons = (name: string, kind: string) =>
  bench.api
    .all(eventKind)
    .filter(({ involvedObject }) => involvedObject.name === name && involvedObject.kind === kind)
    .map((event) => event.reason)

describe('the engine', () => {
  it('brings the platform objects and a node that says what the host is', async () => {
    await bench.run(1000)
    const [node] = bench.api.all(nodeKind)
    expect(node?.metadata.labels).toMatchObject({
      'kubernetes.io/hostname': 'node-1',
      'kubevirt.io/schedulable': 'true',
    })
    expect(node?.metadata.annotations?.['chiave.io/emulation-reason']).toBe('there is no /dev/kvm')
    expect(node?.status?.capacity).toMatchObject({ cpu: '4', memory: '8Gi', 'devices.kubevirt.io/kvm': '0' })
    expect(node?.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True')
    const [kubeVirt] = bench.api.all(kubeVirtKind)
    expect(kubeVirt?.spec?.configuration?.developerConfiguration?.useEmulation).toBe(true)
    expect(kubeVirt?.status?.phase).toBe('Deployed')
  })

  it('brings a machine from an import to a running guest, and leaves nothing when it is deleted', async () => {
    bench.host.slowDisks = true
    await bench.api.client.create(virtualMachineKind, machine())
    await bench.run()
    const claim = bench.api.all(persistentVolumeClaimKind)[0]
    expect(claim?.status?.phase).toBe('Bound')
    expect(bench.vm()?.status?.printableStatus).toBe('Provisioning')
    expect(bench.vmi()).toBeUndefined()
    bench.host.setDisk(claim?.metadata.uid ?? '', { progress: 45.123 })
    await bench.run()
    expect(bench.dataVolume('one-root')?.status).toMatchObject({ phase: 'ImportInProgress', progress: '45.12%' })

    bench.host.setDisk(claim?.metadata.uid ?? '', { phase: 'ready', progress: 100 })
    await bench.run()
    expect(bench.dataVolume('one-root')?.status).toMatchObject({ phase: 'Succeeded', progress: '100.0%' })
    expect(bench.vmi()?.status).toMatchObject({ phase: 'Running', nodeName: 'node-1' })
    expect(bench.vmi()?.status?.phaseTransitionTimestamps?.map(({ phase }) => phase)).toEqual([
      'Pending',
      'Scheduling',
      'Scheduled',
      'Running',
    ])
    expect(bench.vm()?.status).toMatchObject({
      printableStatus: 'Running',
      ready: true,
      created: true,
      runStrategy: 'Always',
    })
    const pod = bench.api.all(podKind)[0]
    expect(pod?.status).toMatchObject({ phase: 'Running', podIP: bench.vmi()?.status?.interfaces?.[0]?.ipAddress })
    expect(pod?.metadata.labels).toMatchObject({
      'kubevirt.io': 'virt-launcher',
      app: 'one',
      'vmi.kubevirt.io/id': 'one',
    })
    expect(reasons('one-root', 'DataVolume')).toEqual(['ImportScheduled', 'ImportInProgress', 'ImportSucceeded'])
    expect(reasons('one', 'VirtualMachine')).toEqual(['SuccessfulDataVolumeCreate', 'SuccessfulCreate'])
    expect(reasons('one', 'VirtualMachineInstance')).toEqual(['SuccessfulCreate', 'Created', 'Started'])

    await bench.api.client.delete(virtualMachineKind, ref)
    await bench.run(6_000)
    expect(bench.host.calls).toContain(`powerdown ${pod?.metadata.labels?.['kubevirt.io/created-by']}`)
    expect(bench.host.everything()).toEqual({ machines: [], disks: [] })
    const left = bench.api
      .everything()
      .filter(({ metadata, kind }) => metadata.namespace === 'demo' && kind !== 'Event')
    expect(left).toEqual([])
    expect(bench.api.all(persistentVolumeKind)).toEqual([])
  })

  it('adopts what runs after a restart instead of starting it again', async () => {
    await bench.api.client.create(virtualMachineKind, machine())
    await bench.run()
    const uid = bench.vmi()?.metadata.uid
    const starts = bench.host.calls.filter((call) => call.startsWith('start')).length
    await bench.restart()
    await bench.run()
    expect(bench.vmi()?.metadata.uid).toBe(uid)
    expect(bench.host.calls.filter((call) => call.startsWith('start')).length).toBe(starts)
  })

  it('stops by the grace period and then by force', async () => {
    bench.host.onPowerdown = () => undefined
    const vm = diskless()
    vm.spec.template.spec.terminationGracePeriodSeconds = 60
    await bench.api.client.create(virtualMachineKind, vm)
    await bench.run()
    expect((await act('virtualmachines', 'stop')).status).toBe(202)
    await bench.run(55_000)
    expect(bench.vm()?.status?.printableStatus).toBe('Stopping')
    expect(bench.host.calls.some((call) => call.startsWith('kill'))).toBe(false)
    await bench.run(8_000)
    expect(bench.host.calls.some((call) => call.startsWith('kill'))).toBe(true)
    expect(bench.vm()?.status?.printableStatus).toBe('Stopped')
    expect(bench.vmi()).toBeUndefined()
    expect(bench.host.everything().machines).toEqual([])
  })

  it('force-stops a machine that is already stopping with grace period 0', async () => {
    bench.host.onPowerdown = () => undefined
    await bench.api.client.create(virtualMachineKind, diskless())
    await bench.run()
    await act('virtualmachines', 'stop')
    await bench.run()
    await expect(act('virtualmachines', 'stop')).rejects.toThrow(
      'Halted only supports manual stop requests with a shorter graceperiod',
    )
    await act('virtualmachines', 'stop', { gracePeriod: 0 })
    await bench.run()
    expect(bench.vm()?.status?.printableStatus).toBe('Stopped')
  })

  it('restarts into a new instance with the same address', async () => {
    await bench.api.client.create(virtualMachineKind, machine())
    await bench.run()
    const before = bench.vmi()
    expect((await act('virtualmachines', 'restart')).status).toBe(202)
    await bench.run(6_000)
    const after = bench.vmi()
    expect(after?.status?.phase).toBe('Running')
    expect(after?.metadata.uid).not.toBe(before?.metadata.uid)
    expect(after?.status?.interfaces).toEqual(before?.status?.interfaces)
    expect(bench.vm()?.status?.stateChangeRequests).toBeUndefined()
  })

  it('restarts by force without waiting for the guest', async () => {
    bench.host.onPowerdown = () => undefined
    await bench.api.client.create(virtualMachineKind, diskless())
    await bench.run()
    const before = bench.vmi()?.metadata.uid
    await act('virtualmachines', 'restart', { gracePeriodSeconds: 0 })
    await bench.run(3_000)
    expect(bench.vmi()?.metadata.uid).not.toBe(before)
    expect(bench.vmi()?.status?.phase).toBe('Running')
  })

  it.each([
    ['Always', 'shutdown', 'Running'],
    ['Always', 'crashed', 'Running'],
    ['RerunOnFailure', 'shutdown', 'Stopped'],
    ['RerunOnFailure', 'crashed', 'Running'],
    ['Once', 'shutdown', 'Stopped'],
    ['Once', 'crashed', 'Stopped'],
  ] as const)('%s: a guest that ends with %s is then %s', async (runStrategy, end, status) => {
    await bench.api.client.create(virtualMachineKind, diskless({ runStrategy }))
    await bench.run()
    expect(bench.vm()?.status?.printableStatus).toBe('Running')
    const uid = bench.vmi()?.metadata.uid ?? ''
    bench.host.setMachine(uid, end)
    await bench.run(8_000)
    expect(bench.vm()?.status?.printableStatus).toBe(status)
    if (status === 'Running') expect(bench.vmi()?.metadata.uid).not.toBe(uid)
    else
      expect(bench.vmi()?.status?.phase ?? 'none').toBe(
        runStrategy === 'Once' ? (end === 'shutdown' ? 'Succeeded' : 'Failed') : 'none',
      )
  })

  it('starts and stops a Manual machine only when asked', async () => {
    await bench.api.client.create(virtualMachineKind, diskless({ runStrategy: 'Manual' }))
    await bench.run()
    expect(bench.vm()?.status?.printableStatus).toBe('Stopped')
    await expect(act('virtualmachines', 'restart')).rejects.toThrow('VM is not running: Halted')
    await act('virtualmachines', 'start')
    await bench.run()
    expect(bench.vm()?.status?.printableStatus).toBe('Running')
    await expect(act('virtualmachines', 'start')).rejects.toThrow('VM is already running')
    await act('virtualmachines', 'stop')
    await bench.run(6_000)
    expect(bench.vm()?.status).toMatchObject({ printableStatus: 'Stopped', created: false })
    await expect(act('virtualmachines', 'stop')).rejects.toThrow('VM is not running')
  })

  it('starts a halted machine paused, and lets it go on', async () => {
    await bench.api.client.create(virtualMachineKind, diskless({ runStrategy: 'Halted' }))
    await bench.run()
    await expect(act('virtualmachines', 'restart')).rejects.toThrow(
      'RunStategy Halted does not support manual restart requests',
    )
    await act('virtualmachines', 'start', { paused: true })
    await bench.run()
    expect(bench.vm()?.spec.runStrategy).toBe('Always')
    expect(bench.vm()?.status).toMatchObject({ printableStatus: 'Paused', ready: false })
    expect((await act('virtualmachineinstances', 'unpause')).status).toBe(200)
    await bench.run()
    expect(bench.vm()?.status?.printableStatus).toBe('Running')
    await expect(act('virtualmachineinstances', 'unpause')).rejects.toThrow('VMI is not paused')
  })

  it('understands the legacy running field', async () => {
    const vm = diskless()
    const { runStrategy: _strategy, ...spec } = vm.spec
    await bench.api.client.create(virtualMachineKind, { ...vm, spec: { ...spec, running: false } })
    await bench.run()
    expect(bench.vm()?.status?.printableStatus).toBe('Stopped')
    await act('virtualmachines', 'start')
    await bench.run()
    expect(bench.vm()?.spec.running).toBe(true)
    expect(bench.vm()?.status?.printableStatus).toBe('Running')
  })

  it('backs off when starts fail, and says so', async () => {
    const { HypervisorError } = await import('./hypervisor-port')
    bench.host.startError = new HypervisorError('Failed', 'QEMU says no')
    await bench.api.client.create(virtualMachineKind, diskless())
    await bench.run(4_000)
    expect(bench.vm()?.status?.startFailure).toMatchObject({ consecutiveFailCount: 1 })
    expect(bench.vm()?.status?.printableStatus).toBe('CrashLoopBackOff')
    bench.host.startError = undefined
    await bench.run(20_000)
    expect(bench.vm()?.status?.printableStatus).toBe('Running')
    expect(bench.vm()?.status?.startFailure).toBeUndefined()
  })

  it('says that a restart is needed when the template no longer describes the guest', async () => {
    await bench.api.client.create(virtualMachineKind, diskless())
    await bench.run()
    const body = { spec: { template: { spec: { domain: { cpu: { cores: 2 } } } } } }
    await bench.api.client.patch(virtualMachineKind, ref, { type: 'merge', body })
    await bench.run()
    expect(bench.vm()?.status?.conditions?.find(({ type }) => type === 'RestartRequired')?.status).toBe('True')
    await act('virtualmachines', 'restart')
    await bench.run(6_000)
    expect(bench.vm()?.status?.conditions?.find(({ type }) => type === 'RestartRequired')).toBeUndefined()
    expect(bench.host.everything().machines[0]?.spec.cpu.cores).toBe(2)
  })

  it('tells what keeps a machine from starting', async () => {
    const missing = diskless()
    missing.spec.template.spec.volumes = [{ name: 'root', persistentVolumeClaim: { claimName: 'nowhere' } }]
    await bench.api.client.create(virtualMachineKind, missing)
    const big = diskless({}, 'big')
    big.spec.template.spec.domain.memory = { guest: '64Gi' }
    await bench.api.client.create(virtualMachineKind, big)
    const image = diskless({}, 'image')
    image.spec.template.spec.volumes = [{ name: 'root', containerDisk: { image: 'quay.io/x' } }]
    await bench.api.client.create(virtualMachineKind, image)
    await bench.run()
    expect(bench.vm()?.status?.printableStatus).toBe('ErrorPvcNotFound')
    expect(bench.vm('big')?.status?.printableStatus).toBe('ErrorUnschedulable')
    expect(bench.vm('big')?.status?.conditions?.find(({ type }) => type === 'PodScheduled')?.message).toContain(
      '0/1 nodes are available: 1 Insufficient memory',
    )
    expect(bench.vm('image')?.status?.printableStatus).toBe('ErrImagePull')
  })

  it('shuts guests down with the host and starts the very same ones again, whatever their strategy', async () => {
    await bench.api.client.create(virtualMachineKind, diskless({ runStrategy: 'Manual' }))
    await bench.run()
    await act('virtualmachines', 'start')
    await bench.run()
    const uid = bench.vmi()?.metadata.uid
    await bench.engine.stop()
    const steps: string[] = []
    const stopping = shutDownMachines({
      client: bench.api.client,
      hypervisors: [bench.host],
      clock: bench.clock,
      onProgress: ({ name, step }) => steps.push(`${name} ${step}`),
    })
    await bench.clock.advance(2_000)
    await stopping
    expect(steps).toEqual(['demo/one asked', 'demo/one off'])
    await bench.restart()
    await bench.run()
    expect(bench.vmi()?.metadata.uid).toBe(uid)
    expect(bench.vmi()?.status?.phase).toBe('Running')
    expect(bench.vmi()?.metadata.annotations).not.toHaveProperty('chiave.io/resume-with-host')
    expect(bench.host.everything().machines[0]?.phase).toBe('running')
  })

  it('ends the guest when its Pod is deleted', async () => {
    await bench.api.client.create(virtualMachineKind, diskless({ runStrategy: 'Once' }))
    await bench.run()
    const [pod] = bench.api.all(podKind)
    await bench.api.client.delete(podKind, { namespace: 'demo', name: pod?.metadata.name ?? '' })
    await bench.run()
    expect(bench.vmi()?.status?.phase).toBe('Failed')
    expect(bench.host.everything().machines[0]?.phase).toBe('crashed')
  })

  it('empties a namespace that is deleted', async () => {
    await bench.api.client.create(virtualMachineKind, machine())
    await bench.run()
    await bench.api.client.delete(namespaceKind, { name: 'demo' })
    await bench.run(8_000)
    expect(bench.api.all(namespaceKind).map(({ metadata }) => metadata.name)).not.toContain('demo')
    expect(bench.api.everything().filter(({ metadata }) => metadata.namespace === 'demo')).toEqual([])
    expect(bench.host.everything()).toEqual({ machines: [], disks: [] })
  })

  it('calls a node lost 40 seconds after its agent was last heard of, and its guests not ready', async () => {
    await bench.api.client.create(virtualMachineKind, diskless())
    await bench.run()
    bench.host.away = true
    await bench.run(65_000)
    const ready = bench.api.all(nodeKind)[0]?.status?.conditions?.find(({ type }) => type === 'Ready')
    expect(ready).toMatchObject({ status: 'Unknown', reason: 'NodeStatusUnknown' })
    expect(bench.vmi()?.status?.phase).toBe('Running')
    expect(bench.vm()?.status?.ready).toBe(false)
    bench.host.away = false
    await bench.run(15_000)
    expect(bench.vm()?.status?.ready).toBe(true)
  })
})
