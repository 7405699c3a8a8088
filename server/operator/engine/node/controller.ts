import { isDeepStrictEqual } from 'node:util'
import { type Lease, leaseKind, type Node, nodeKind } from '@/contract/kinds/core'
import type { Condition } from '@/contract/kube-object'
import { formatTime } from '@/server/cluster/clock'
import { type ControllerDefinition, defineController, refOf } from '../../runtime/controller'
import { findCondition } from '../conditions'
import type { Engine } from '../engine'
import { type HostFacts, HypervisorError } from '../hypervisor-port'
import { writeEmulation } from '../platform-objects'
import { createIfAbsent, writeStatus } from '../writes'
import { buildLostStatus, buildNodeMeta, buildNodeStatus } from './build-node'

const fieldManager = 'chiave-node'
const leaseNamespace = 'kube-node-lease'
const renewInterval = 10_000
/** Heartbeats of unchanged nodes are written this seldom: the lease shows life. */
const statusInterval = 60_000
/** As the node lifecycle controller's grace period. */
const lostAfter = 40_000

/** Keeps a Node for every agent: what the host is and can do, and whether it answers. */
export function nodeController(engine: Engine): ControllerDefinition {
  const { informers } = engine
  /** What was told last; asked and told anew at each start. */
  let emulated: boolean | undefined
  return defineController({
    name: fieldManager,
    for: nodeKind,
    sources: [...engine.hypervisors].map(([name, hypervisor]) => (enqueue, signal) => {
      enqueue({ name })
      hypervisor.subscribe((event) => {
        if (event.type === 'host' || event.type === 'reconnected') enqueue({ name })
      }, signal)
    }),
    async reconcile({ name }) {
      const hypervisor = engine.hypervisors.get(name)
      if (!hypervisor) return undefined
      const node = informers.of(nodeKind).get({ name })
      const facts = await readFacts(() => hypervisor.host())
      if ('away' in facts) await markLost(engine, { node, message: facts.away })
      else {
        await keepNode(engine, { node, facts })
        const useEmulation = facts.accelerator === 'tcg'
        if (emulated !== useEmulation) {
          await writeEmulation(engine.client, useEmulation)
          emulated = useEmulation
        }
      }
      return { requeueAfter: renewInterval }
    },
  })
}

async function readFacts(read: () => Promise<HostFacts>): Promise<HostFacts | { away: string }> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof HypervisorError && error.code === 'Unavailable') return { away: error.message }
    throw error
  }
}

async function keepNode(engine: Engine, { node, facts }: { node: Node | undefined; facts: HostFacts }): Promise<void> {
  const { client, clock } = engine
  const { labels, annotations } = buildNodeMeta(facts)
  await renewLease(engine, facts.nodeName)
  if (!node) {
    const present = Object.entries(annotations).filter(([, value]) => value !== null)
    const metadata = {
      name: facts.nodeName,
      labels,
      annotations: Object.fromEntries(present) as Record<string, string>,
    }
    const status = buildNodeStatus({ facts, before: undefined, now: clock.now() })
    const object: Node = { apiVersion: 'v1', kind: 'Node', metadata, spec: {}, status }
    if (await createIfAbsent(client, nodeKind, { object, fieldManager })) {
      engine.events('node-controller').normal(object, 'RegisteredNode', `Node ${facts.nodeName} is registered`)
    }
    const created = await client.get(nodeKind, { name: facts.nodeName })
    await writeStatus(client, nodeKind, { object: created, status, fieldManager })
    return
  }
  const due = isStatusDue(node, clock.now())
  let current = node
  if (differsInMeta(node, { labels, annotations: due ? annotations : {} })) {
    const body = { metadata: { labels, ...(due ? { annotations } : {}) } }
    current = await client.patch(nodeKind, refOf(node), { type: 'merge', body }, { fieldManager })
  }
  const status = buildNodeStatus({ facts, before: node.status, now: clock.now() })
  if (due || !isDeepStrictEqual(withoutTimes(status), withoutTimes(node.status))) {
    await writeStatus(client, nodeKind, { object: current, status, fieldManager })
  }
}

function isStatusDue(node: Node, now: number): boolean {
  const ready: (Condition & { lastHeartbeatTime?: string }) | undefined = findCondition(
    node.status?.conditions,
    'Ready',
  )
  return ready?.status !== 'True' || now - Date.parse(ready.lastHeartbeatTime ?? '1970') >= statusInterval
}

function differsInMeta(node: Node, wanted: ReturnType<typeof buildNodeMeta>): boolean {
  const { labels = {}, annotations = {} } = node.metadata
  return (
    Object.entries(wanted.labels).some(([key, value]) => labels[key] !== value) ||
    Object.entries(wanted.annotations).some(([key, value]) => (annotations[key] ?? null) !== value)
  )
}

function withoutTimes(status: Node['status']): unknown {
  return {
    ...status,
    conditions: status?.conditions?.map(({ type, status: value, message }) => [type, value, message]),
  }
}

async function markLost(engine: Engine, { node, message }: { node: Node | undefined; message: string }): Promise<void> {
  if (!node) return
  const { client, informers, clock } = engine
  const lease = informers.of(leaseKind).get({ namespace: leaseNamespace, name: node.metadata.name })
  const seen = Date.parse(lease?.spec?.renewTime ?? node.metadata.creationTimestamp ?? '')
  if (clock.now() - seen < lostAfter || findCondition(node.status?.conditions, 'Ready')?.status === 'Unknown') return
  const words = `the node agent has not answered since ${formatTime(seen)}: ${message}`
  const status = buildLostStatus(node.status, { message: words, now: clock.now() })
  await writeStatus(client, nodeKind, { object: node, status, fieldManager })
  engine.events('node-controller').warning(node, 'NodeNotReady', `Node ${node.metadata.name} is not ready: ${words}`)
}

async function renewLease({ client, informers, clock }: Engine, name: string): Promise<void> {
  // MicroTime, six digits.
  const renewTime = new Date(clock.now()).toISOString().replace('Z', '000Z')
  const lease = informers.of(leaseKind).get({ namespace: leaseNamespace, name })
  if (lease) {
    const body = { spec: { renewTime } }
    await client.patch(leaseKind, refOf(lease), { type: 'merge', body }, { fieldManager })
    return
  }
  const object: Lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace: leaseNamespace },
    spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime },
  }
  await createIfAbsent(client, leaseKind, { object, fieldManager })
}
