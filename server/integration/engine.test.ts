import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventKind, namespaceKind, nodeKind, persistentVolumeClaimKind, podKind } from '@/contract/kinds/core'
import { dataVolumeKind } from '@/contract/kinds/data-volume'
import { kubeVirtKind } from '@/contract/kinds/platform'
import { virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { type VirtualMachineInstance, virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import { testGuestImage } from '../hypervisor/test-guest'
import { Cluster, machine } from './running-cluster.fixture'

describe('the engine with the real API server and the real hypervisor', () => {
  const cluster = new Cluster()
  beforeAll(async () => {
    await cluster.start()
    const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } }
    await cluster.client.create(namespaceKind, object)
  })
  afterAll(() => cluster.stop())

  const printed = async (vmi: VirtualMachineInstance | undefined, text: string) => {
    const deadline = Date.now() + 15_000
    while (!(await cluster.agent.hypervisor.serialLog(vmi?.metadata.uid ?? '', 65_536)).includes(text)) {
      if (Date.now() > deadline) throw new Error(`“${text}” was not printed`)
      await sleep(25)
    }
  }

  it('registers its node and describes the platform', async () => {
    const node = await cluster.until(
      nodeKind,
      'node-1',
      (found) => found?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false,
    )
    expect(Number(node?.status?.capacity?.['cpu'])).toBeGreaterThan(0)
    const kubeVirt = await cluster.client.get(kubeVirtKind, { namespace: 'kubevirt', name: 'kubevirt' })
    expect(kubeVirt.status).toMatchObject({ phase: 'Deployed', observedKubeVirtVersion: 'v1.9.0' })
  })

  it('fills the disk, boots the guest, pauses it, and keeps it over its own restart', async () => {
    await cluster.client.create(virtualMachineKind, machine('Halted'))
    await cluster.until(dataVolumeKind, 'one-root', (dataVolume) => dataVolume?.status?.phase === 'Succeeded')
    await cluster.printable('Stopped')
    const claim = await cluster.client.get(persistentVolumeClaimKind, { namespace: 'demo', name: 'one-root' })
    expect(claim.status).toMatchObject({ phase: 'Bound', capacity: { storage: '1Mi' } })
    await writeFile(cluster.agent.diskPath(claim.metadata.uid ?? ''), testGuestImage('MARKER01'))

    await cluster.act('virtualmachines', 'start')
    await cluster.printable('Running')
    const vmi = await cluster.client.get(virtualMachineInstanceKind, { namespace: 'demo', name: 'one' })
    await printed(vmi, 'ready MARKER01')
    expect(vmi.status?.interfaces?.[0]?.ipAddress).toMatch(/^10\.42\.\d+\.\d+$/)
    expect(vmi.status?.volumeStatus?.map(({ name, target }) => [name, target])).toEqual([
      ['root', 'vda'],
      ['seed', 'vdb'],
    ])
    const [pod] = (
      await cluster.client.list(podKind, { namespace: 'demo', labelSelector: 'kubevirt.io=virt-launcher' })
    ).items
    expect(pod?.status?.phase).toBe('Running')

    await expect(cluster.act('virtualmachines', 'start')).rejects.toMatchObject({ code: 409 })
    await cluster.act('virtualmachineinstances', 'pause')
    await cluster.printable('Paused')
    await cluster.engine?.stop()
    await cluster.startEngine()
    await cluster.act('virtualmachineinstances', 'unpause')
    await cluster.printable('Running')
    const same = await cluster.client.get(virtualMachineInstanceKind, { namespace: 'demo', name: 'one' })
    expect(same.metadata.uid).toBe(vmi.metadata.uid)
  })

  it('restarts the guest in order and brings it back when it breaks down', async () => {
    const before = await cluster.client.get(virtualMachineInstanceKind, { namespace: 'demo', name: 'one' })
    await cluster.act('virtualmachines', 'restart')
    const next = await cluster.until(
      virtualMachineInstanceKind,
      'one',
      (vmi) => vmi !== undefined && vmi.metadata.uid !== before.metadata.uid && vmi.status?.phase === 'Running',
    )
    await printed(next, 'ready MARKER01')
    expect(next?.status?.interfaces).toEqual(before.status?.interfaces)
    const pid = (await cluster.agent.hypervisor.machine(next?.metadata.uid ?? ''))?.pid
    process.kill(pid ?? 0, 'SIGKILL')
    const again = await cluster.until(
      virtualMachineInstanceKind,
      'one',
      (vmi) => vmi !== undefined && vmi.metadata.uid !== next?.metadata.uid && vmi.status?.phase === 'Running',
    )
    await printed(again, 'ready MARKER01')
    const events = await cluster.client.list(eventKind, { namespace: 'demo' })
    expect(events.items.map(({ reason }) => reason)).toEqual(
      expect.arrayContaining(['SuccessfulCreate', 'SuccessfulDelete', 'Started', 'ShuttingDown', 'Stopped']),
    )
  })

  it('leaves no process, no file and no object when the machine and its namespace go', async () => {
    await cluster.client.delete(virtualMachineKind, { namespace: 'demo', name: 'one' })
    await cluster.until(virtualMachineKind, 'one', (vm) => vm === undefined)
    await cluster.until(persistentVolumeClaimKind, 'one-root', (claim) => claim === undefined)
    await cluster.client.delete(namespaceKind, { name: 'demo' })
    await cluster.until(namespaceKind, 'demo', (namespace) => namespace === undefined)
    const deadline = Date.now() + 10_000
    const left = async () => {
      const machines = await cluster.agent.hypervisor.machines()
      const disks = await cluster.agent.hypervisor.disks()
      return machines.length + disks.length
    }
    while ((await left()) > 0 && Date.now() < deadline) await sleep(50)
    expect(await left()).toBe(0)
    expect(await readdir(join(cluster.agent.home, 'node-1', 'machines'))).toEqual([])
  })
})
