import { expect, test } from '@playwright/test'
import type { DataVolume } from '@/contract/kinds/data-volume'
import type { VirtualMachine } from '@/contract/kinds/virtual-machine'
import type { VirtualMachineInstance } from '@/contract/kinds/virtual-machine-instance'
import { openGuestConsole } from '../support/guest-console'
import { type ImageServer, serveDemoImage } from '../support/image-server'
import { guestPids, type Instance, leftovers, removeHome, runStart, startInstance } from '../support/instance'
import { callApi, eventually, kubectlFor, skipWithoutKubectl } from '../support/kubectl'
import { importOf, machineFrom } from '../support/manifests'

let instance: Instance
let images: ImageServer

test.describe.configure({ mode: 'serial' })
skipWithoutKubectl()

test.beforeAll(async () => {
  images = await serveDemoImage({ bytesPerSecond: 6_000_000 })
  instance = await startInstance()
})

test.afterAll(async () => {
  await instance.stop()
  await images.close()
  removeHome(instance.home)
})

/** As a power cut for Chiave itself: every process of it dies at once, guests are left alone. */
async function killAndStartAgain(): Promise<void> {
  for (const pid of instance.pids()) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // Already gone with its parent.
    }
  }
  await eventually(
    'the ports are free',
    () =>
      fetch(`${instance.url}/healthz`).then(
        () => true,
        () => false,
      ),
    (up) => !up,
    10,
  )
  instance = await startInstance({ home: instance.home, port: instance.port })
}

test('an import goes on after everything was killed in its middle', async () => {
  const kubectl = kubectlFor(instance.kubeconfig)
  kubectl.apply(importOf('golden', images.url))
  const phase = () => kubectl.json<DataVolume>('get', 'dv', 'golden').status
  await eventually(
    'the import runs',
    phase,
    (status) => status?.phase === 'ImportInProgress' && /^[1-9]/.test(status.progress ?? ''),
  )
  await killAndStartAgain()
  await eventually('the import ends well', phase, (status) => status?.phase === 'Succeeded', 120)
  const table = kubectl('get', 'dv', 'golden')
  expect(table).toMatch(/NAME\s+PHASE\s+PROGRESS\s+RESTARTS\s+AGE/)
  expect(table).toMatch(/golden\s+Succeeded\s+100\.0%/)
})

test('a machine boots although everything was killed while it did', async () => {
  const kubectl = kubectlFor(instance.kubeconfig)
  kubectl.apply(machineFrom({ name: 'survivor', source: { pvc: { namespace: 'default', name: 'golden' } } }))
  await eventually(
    'its process starts',
    () => guestPids(instance.home),
    (pids) => pids.length === 1,
    60,
  )
  const [before] = guestPids(instance.home)
  await killAndStartAgain()
  const vm = () => kubectl.json<VirtualMachine>('get', 'vm', 'survivor').status?.printableStatus
  await eventually('it runs', vm, (status) => status === 'Running')
  expect(guestPids(instance.home)).toEqual([before])
  const console = await openGuestConsole(instance.kubeconfig, 'default', 'survivor')
  await console.login('tester', 'open-sesame')
  expect(await console.run('hostname')).toBe('survivor')
  console.close()
})

test('a guest runs on, its uptime too, when every process of Chiave is killed', async () => {
  const before = await openGuestConsole(instance.kubeconfig, 'default', 'survivor')
  before.type('\r')
  const uptime = async (console: typeof before) => Number((await console.run('cut -d. -f1 /proc/uptime')).trim())
  const first = await uptime(before)
  await before.run('touch /tmp/still-here')
  before.close()
  const pids = guestPids(instance.home)
  await killAndStartAgain()
  expect(guestPids(instance.home)).toEqual(pids)
  const after = await openGuestConsole(instance.kubeconfig, 'default', 'survivor')
  after.type('\r')
  expect(await uptime(after)).toBeGreaterThanOrEqual(first)
  expect(await after.run('ls /tmp/still-here')).toBe('/tmp/still-here')
  after.close()
})

for (const part of ['console', 'cluster', 'agent']) {
  test(`the ${part} process alone is killed: it comes back and the guest never notices`, async () => {
    const fs = await import('node:fs')
    const pids = guestPids(instance.home)
    const victim = instance
      .pids()
      .find((pid) => fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`--process\0${part}`))
    expect(victim).toBeDefined()
    process.kill(victim ?? 0, 'SIGKILL')
    await eventually(
      'it is ready again',
      () =>
        fetch(`${instance.url}/readyz`).then(
          (answer) => answer.status,
          () => 0,
        ),
      (status) => status === 200,
      20,
    )
    const kubectl = kubectlFor(instance.kubeconfig)
    await eventually(
      'the API answers',
      () => kubectl('get', 'vmi', 'survivor'),
      (table) => /Running/.test(table),
      20,
    )
    expect(guestPids(instance.home)).toEqual(pids)
    const console = await eventually(
      'its console opens',
      () => openGuestConsole(instance.kubeconfig, 'default', 'survivor'),
      () => true,
      20,
    )
    console.type('\r')
    expect(await console.run('hostname')).toBe('survivor')
    console.close()
  })
}

test('Ctrl-C tells how many guests keep running and how to stop them, and that command stops them', async () => {
  const pids = guestPids(instance.home)
  await instance.stop()
  expect(instance.output()).toMatch(/1 guest keeps running\..*npm start -- --stop-vms/)
  expect(guestPids(instance.home)).toEqual(pids)
  const { code, output } = runStart(['--stop-vms', '--home', instance.home, '--port', String(instance.port)])
  expect(output).toMatch(/survivor is off/)
  expect(code).toBe(0)
  expect(guestPids(instance.home)).toEqual([])
})

test('what should run is started again at the next start, and deleting it leaves nothing behind', async () => {
  instance = await startInstance({ home: instance.home, port: instance.port })
  const kubectl = kubectlFor(instance.kubeconfig)
  await eventually(
    'it runs again',
    () => guestPids(instance.home),
    (pids) => pids.length === 1,
    60,
  )
  kubectl('delete', 'vm', 'survivor')
  kubectl('delete', 'dv', 'golden')
  await eventually(
    'no process is left',
    () => guestPids(instance.home),
    (pids) => pids.length === 0,
    60,
  )
  await eventually(
    'no disk, socket or directory is left',
    () => leftovers(instance.home),
    (left) => left.length === 0,
    30,
  )
})

test('--stop-vms brings every guest back at the next start, whatever its run strategy, asked of a running Chiave or alone', async () => {
  test.setTimeout(300_000)
  const kubectl = kubectlFor(instance.kubeconfig)
  const names = ['by-hand', 'once', 'again']
  for (const [name, runStrategy] of [
    ['by-hand', 'Manual'],
    ['once', 'Once'],
    ['again', 'RerunOnFailure'],
  ] as const) {
    const vm = machineFrom({ name, source: { blank: {} }, runStrategy })
    // Nothing boots from an empty disk: such a guest notices no button.
    vm.spec.template.spec.terminationGracePeriodSeconds = 5
    kubectl.apply(vm)
  }
  const start = `/apis/subresources.kubevirt.io/v1/namespaces/default/virtualmachines/by-hand/start`
  await eventually(
    'it is started',
    () => callApi(instance.kubeconfig, 'PUT', start, {}),
    ({ status }) => status === 202,
    120,
  )
  const instances = () => names.map((name) => kubectl.json<VirtualMachineInstance>('get', 'vmi', name))
  const allRun = () =>
    eventually(
      'all run',
      () => instances().map(({ status }) => status?.phase),
      (phases) => phases.every((phase) => phase === 'Running') && guestPids(instance.home).length === names.length,
      120,
    )
  await allRun()
  const uids = instances().map(({ metadata }) => metadata.uid)
  const stopVms = () => runStart(['--stop-vms', '--home', instance.home])
  const allAreOff = /^(default\/(by-hand|once|again) did not shut down within 5 s and was switched off\.\n){3}$/m

  const ended = new Promise((resolve) => instance.process.once('exit', resolve))
  expect(stopVms()).toEqual({ code: 0, output: expect.stringMatching(allAreOff) })
  expect(await ended).toBe(0)
  expect(guestPids(instance.home)).toEqual([])

  instance = await startInstance({ home: instance.home, port: instance.port })
  await allRun()
  expect(instances().map(({ metadata }) => metadata.uid)).toEqual(uids)
  await instance.stop()
  expect(guestPids(instance.home)).toHaveLength(names.length)
  expect(stopVms()).toEqual({ code: 0, output: expect.stringMatching(allAreOff) })
  expect(guestPids(instance.home)).toEqual([])

  instance = await startInstance({ home: instance.home, port: instance.port })
  await allRun()
  expect(instances().map(({ metadata }) => metadata.uid)).toEqual(uids)
  kubectl('delete', 'vm', ...names)
})
