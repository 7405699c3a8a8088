import { expect, it } from 'vitest'
import type { Condition } from '@/contract/kube-object'
import { componentStateOf } from './component-state'

const state = (phase: string, ...conditions: Condition[]) =>
  componentStateOf({
    apiVersion: 'kubevirt.io/v1',
    kind: 'KubeVirt',
    metadata: { name: 'kubevirt' },
    status: { phase, operatorVersion: 'v1', observedKubeVirtVersion: 'v2', conditions },
  })

it('is well when it is deployed, and says the version that runs', () => {
  expect(state('Deployed', { type: 'Available', status: 'True' })).toEqual({
    tone: 'good',
    phase: 'Deployed',
    version: 'v2',
  })
})

it('is in trouble when it is degraded, although it is deployed', () => {
  const degraded: Condition = { type: 'Degraded', status: 'True', message: 'virt-handler does not start' }
  expect(state('Deployed', degraded)).toMatchObject({ tone: 'bad', trouble: 'virt-handler does not start' })
})

it('is in trouble when it is not available, even without words', () => {
  expect(state('Deploying', { type: 'Available', status: 'False' })).toMatchObject({ trouble: 'Available' })
})

it('is busy on its way, and without any status', () => {
  expect(state('Deploying').tone).toBe('busy')
  expect(componentStateOf({ apiVersion: 'v1', kind: 'CDI', metadata: { name: 'cdi' } }).tone).toBe('busy')
})
