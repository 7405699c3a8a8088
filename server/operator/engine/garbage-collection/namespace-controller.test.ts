import { afterEach, beforeEach, expect, it } from 'vitest'
import { configMapKind, namespaceKind } from '@/contract/kinds/core'
import { type EngineBench, startBench } from '../engine-bench.fixture'

let bench: EngineBench
beforeEach(async () => {
  bench = await startBench()
})
afterEach(() => bench.stop())

it('says what a namespace still waits for, and lets it go with the last finalizer', async () => {
  const { client } = bench.api
  const ref = { namespace: 'demo', name: 'kept' }
  await client.create(configMapKind, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...ref, finalizers: ['example.com/keep'] },
  })
  await client.delete(namespaceKind, { name: 'demo' })
  await bench.run(4_000)
  const namespace = bench.api.all(namespaceKind).find(({ metadata }) => metadata.name === 'demo')
  expect(namespace?.status?.conditions).toMatchObject([
    { type: 'NamespaceDeletionDiscoveryFailure', status: 'False', reason: 'ResourcesDiscovered' },
    { type: 'NamespaceDeletionGroupVersionParsingFailure', status: 'False', reason: 'ParsedGroupVersions' },
    { type: 'NamespaceDeletionContentFailure', status: 'False', reason: 'ContentDeleted' },
    {
      type: 'NamespaceContentRemaining',
      status: 'True',
      reason: 'SomeResourcesRemain',
      message: 'Some resources are remaining: configmaps. has 1 resource instances',
    },
    {
      type: 'NamespaceFinalizersRemaining',
      status: 'True',
      reason: 'SomeFinalizersRemain',
      message: 'Some content in the namespace has finalizers remaining: example.com/keep in 1 resource instances',
    },
  ])
  await client.patch(configMapKind, ref, { type: 'merge', body: { metadata: { finalizers: [] } } })
  await bench.run(4_000)
  expect(bench.api.all(namespaceKind).map(({ metadata }) => metadata.name)).not.toContain('demo')
})
