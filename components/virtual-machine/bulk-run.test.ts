import { afterEach, describe, expect, it } from 'vitest'
import { bulkRun, queueFailed, runBulk } from './bulk-run'
import type { Machine } from './machine'

const machine = (name: string): Machine => ({
  vm: {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name, namespace: 'n' },
    spec: { template: { spec: { domain: { devices: {} } } } },
  },
})
const begin = (...names: string[]) =>
  bulkRun.set(() => ({ action: 'start', rows: names.map((name) => ({ machine: machine(name), state: 'waiting' })) }))
const results = () =>
  bulkRun.get()?.rows.map((row) => `${row.machine.vm.metadata.name} ${row.state} ${row.words ?? ''}`.trim())

afterEach(() => bulkRun.set(() => undefined))

describe('a bulk run', () => {
  it('gives every machine its own result, and one failure stops nobody', async () => {
    begin('a', 'b', 'c')
    await runBulk(async ({ vm }) => (vm.metadata.name === 'b' ? 'denied' : undefined))
    expect(results()).toEqual(['a done', 'b failed denied', 'c done'])
  })

  it('asks for each machine once', async () => {
    begin('a', 'b', 'c', 'd', 'e', 'f', 'g')
    const asked: string[] = []
    await runBulk(async ({ vm }) => {
      await Promise.resolve()
      asked.push(vm.metadata.name)
      return undefined
    })
    expect(asked.sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g'])
  })

  it('tries again only what failed', async () => {
    begin('a', 'b')
    await runBulk(async ({ vm }) => (vm.metadata.name === 'b' ? 'denied' : undefined))
    const asked: string[] = []
    queueFailed()
    await runBulk(async ({ vm }) => {
      asked.push(vm.metadata.name)
      return undefined
    })
    expect(asked).toEqual(['b'])
    expect(results()).toEqual(['a done', 'b done'])
  })

  it('ends quietly when its results were closed', async () => {
    begin('a', 'b')
    await runBulk(async () => {
      bulkRun.set(() => undefined)
      return undefined
    })
    expect(bulkRun.get()).toBeUndefined()
  })
})
