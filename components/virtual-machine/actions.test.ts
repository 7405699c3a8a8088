import { describe, expect, it } from 'vitest'
import type { KubeApi } from '../kube/api'
import { type ActionId, machineActions, refusalOf } from './actions'
import type { Machine } from './machine'

const machine: Machine = {
  vm: {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name: 'web', namespace: 'lab' },
    spec: { runStrategy: 'Halted', template: { spec: { domain: { devices: {} } } } },
  },
}
const action = (id: ActionId) => {
  const found = machineActions.find((candidate) => candidate.id === id)
  if (!found) throw new Error(`no action ${id}`)
  return found
}

describe('the actions of a machine', () => {
  const root = '/apis/subresources.kubevirt.io/v1/namespaces/lab'
  it.each<[ActionId, string, unknown]>([
    ['start', `${root}/virtualmachines/web/start`, {}],
    ['stop', `${root}/virtualmachines/web/stop`, {}],
    ['forceStop', `${root}/virtualmachines/web/stop`, { gracePeriod: 0 }],
    ['restart', `${root}/virtualmachines/web/restart`, {}],
    ['softReboot', `${root}/virtualmachineinstances/web/softreboot`, {}],
    ['pause', `${root}/virtualmachineinstances/web/pause`, {}],
    ['unpause', `${root}/virtualmachineinstances/web/unpause`, {}],
  ])('%s is one call', async (id, path, body) => {
    const calls: unknown[] = []
    const call: KubeApi['call'] = async (...made) => {
      calls.push(made)
    }
    // The actions use nothing else of the API.
    await action(id).run?.({ call } as KubeApi, machine)
    expect(calls).toEqual([['PUT', path, body]])
  })

  it('name the permission that the API will ask for', () => {
    expect(action('pause').access).toEqual({
      verb: 'update',
      group: 'subresources.kubevirt.io',
      resource: 'virtualmachineinstances',
      subresource: 'pause',
    })
    expect(action('delete').access).toEqual({ verb: 'delete', group: 'kubevirt.io', resource: 'virtualmachines' })
  })

  it('are refused by the state first, then by the permission, and by nothing that is not known', () => {
    const denied = { allowed: false, reason: 'no role for that' }
    expect(refusalOf(action('stop'), machine, denied)).toEqual({ key: 'machines.refusal.alreadyStopped' })
    expect(refusalOf(action('start'), machine, denied)).toEqual({
      key: 'machines.refusal.forbidden',
      words: 'no role for that',
    })
    expect(refusalOf(action('start'), machine, {})).toBeUndefined()
    expect(refusalOf(action('start'), machine, { allowed: true })).toBeUndefined()
  })
})
