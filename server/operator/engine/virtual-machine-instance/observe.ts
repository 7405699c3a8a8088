import { nodeKind, persistentVolumeClaimKind, podKind, secretKind } from '@/contract/kinds/core'
import { dataVolumeKind } from '@/contract/kinds/data-volume'
import { type VirtualMachineInstance, virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import type { ObjectRef } from '@/contract/kube-object'
import type { Engine } from '../engine'
import { type HostFacts, HypervisorError, type MachineState } from '../hypervisor-port'
import { isFinal } from '../virtual-machine/start-failure'
import type { AddressPool } from './addresses'
import { buildMachineSpec, type MachineInput } from './build-machine-spec'
import { cloudInitSecrets, type SecretTexts } from './cloud-init'
import { addressAnnotation, launcherPodName } from './launcher-pod'
import { type ObservedInstance, phaseOf } from './observed'
import { ProblemError } from './problem'
import { decidePlacement, type NodeLoad, type Placement, requestsOf } from './scheduling'
import { type ClaimVolume, decideVolumes, findClaimVolumes, selectedNodeAnnotation } from './volumes'

/** Reads all that an instance's state follows from: caches, Secrets where cloud-init names them, and the host. */
export function createObserver(engine: Engine, addresses: AddressPool) {
  const { informers, clock } = engine
  /** Nodes chosen for instances whose Pods do not show it in our cache yet, by uid: room is not given away twice. */
  const chosen = new Map<string, string>()

  function choose(vmi: VirtualMachineInstance, volumes: readonly ClaimVolume[]): Placement {
    const placement = place(engine, { vmi, volumes, chosen })
    if ('nodeName' in placement) chosen.set(vmi.metadata.uid ?? '', placement.nodeName)
    return placement
  }

  return async function observe(vmi: VirtualMachineInstance): Promise<ObservedInstance> {
    const { namespace = '', name, uid = '' } = vmi.metadata
    const pod = informers.of(podKind).get({ namespace, name: launcherPodName(vmi) })
    const nodeName = pod?.spec.nodeName ?? vmi.status?.nodeName
    if (nodeName) chosen.delete(uid)
    const volumes = findClaimVolumes(vmi, {
      claim: (claim) => informers.of(persistentVolumeClaimKind).get({ namespace, name: claim }),
      dataVolume: (dataVolume) => informers.of(dataVolumeKind).get({ namespace, name: dataVolume }),
    })
    const volumesState = decideVolumes(vmi, volumes)
    const held = pod?.metadata.annotations?.[addressAnnotation]
    const address = isFinal(vmi) ? undefined : addresses.allocate({ uid, namespace, name, held })
    const host = await readHost(engine, { nodeName, uid })
    const disks = volumesState.state === 'ready' ? volumesState.disks : disksSoFar(volumes)
    const spec = await describe(engine, { vmi, host, disks, address: address ?? '' })
    return {
      vmi,
      pod,
      machine: host.machine,
      agentAway: host.away,
      volumes,
      volumesState,
      placement: pod && isUnplaced(vmi, nodeName) ? choose(vmi, volumes) : undefined,
      address,
      spec,
      emulationReason: host.facts?.emulationReason,
      now: clock.now(),
    }
  }
}

function isUnplaced(vmi: VirtualMachineInstance, nodeName: string | undefined): boolean {
  return nodeName === undefined && vmi.metadata.deletionTimestamp === undefined
}

interface Description {
  vmi: VirtualMachineInstance
  host: HostView
  disks: ReadonlyMap<string, string>
  address: string
}

/** The machine that runs, or the one to be started. */
async function describe(engine: Engine, { vmi, host, disks, address }: Description): Promise<ObservedInstance['spec']> {
  if (host.machine && host.machine.phase !== 'gone') return { machine: host.machine.spec }
  if (isFinal(vmi) || vmi.metadata.deletionTimestamp) {
    return { problem: { reason: 'InvalidSpec', message: 'the instance is at its end' } }
  }
  return buildSpec({ vmi, disks, secrets: await readSecrets(engine, vmi), host: host.facts ?? anyHost, address })
}

/** Before a node is chosen all that can be judged is what no host of ours can do. */
const anyHost: MachineInput['host'] = {
  firmware: { bios: true, efi: true, efiSecureBoot: true },
  architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
}

interface HostView {
  facts?: HostFacts
  machine?: MachineState | undefined
  away?: string
}

async function readHost(
  engine: Engine,
  { nodeName, uid }: { nodeName: string | undefined; uid: string },
): Promise<HostView> {
  if (nodeName === undefined) return {}
  const hypervisor = engine.hypervisors.get(nodeName)
  if (!hypervisor) return { away: `node ${nodeName} has no agent` }
  try {
    const [facts, machine] = await Promise.all([hypervisor.host(), hypervisor.machine(uid)])
    return { facts, machine }
  } catch (error) {
    if (error instanceof HypervisorError && error.code === 'Unavailable') {
      return { away: `the agent of node ${nodeName} does not answer: ${error.message}` }
    }
    throw error
  }
}

/** Volumes that are not ready count as there, so that everything else that is wrong can be told while they are filled. */
function disksSoFar(volumes: readonly ClaimVolume[]): ReadonlyMap<string, string> {
  return new Map(volumes.map(({ name, claim }) => [name, claim?.metadata.uid ?? 'pending']))
}

function buildSpec(input: MachineInput): ObservedInstance['spec'] {
  try {
    return { machine: buildMachineSpec(input) }
  } catch (error) {
    if (error instanceof ProblemError) return { problem: error.problem }
    throw error
  }
}

async function readSecrets({ client }: Engine, vmi: VirtualMachineInstance): Promise<SecretTexts> {
  const { namespace = '' } = vmi.metadata
  const texts = new Map<string, Record<string, string>>()
  for (const name of cloudInitSecrets(vmi)) {
    const secret = await client.find(secretKind, { namespace, name })
    if (!secret) continue
    const entries = Object.entries(secret.data ?? {}).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString('utf8'),
    ])
    texts.set(name, Object.fromEntries(entries) as Record<string, string>)
  }
  return texts
}

interface PlaceInput {
  vmi: VirtualMachineInstance
  volumes: readonly ClaimVolume[]
  chosen: ReadonlyMap<string, string>
}

function place(engine: Engine, { vmi, volumes, chosen }: PlaceInput): Placement {
  const bound = volumes
    .map(({ claim }) => claim?.metadata.annotations?.[selectedNodeAnnotation])
    .filter((node) => node !== undefined)
  const nodes = engine.informers.of(nodeKind).list()
  const possible = nodes.filter((node) => bound.every((name) => name === node.metadata.name))
  if (possible.length === 0 && nodes.length > 0) {
    return {
      message: `0/${nodes.length} nodes are available: ${nodes.length} node(s) had volume node affinity conflict.`,
    }
  }
  const others = engine.informers
    .of(virtualMachineInstanceKind)
    .list()
    .filter((other) => other.metadata.uid !== vmi.metadata.uid)
  try {
    return decidePlacement(
      vmi,
      possible.map((node) => ({ node, used: usedOn(engine, { nodeName: node.metadata.name, others, chosen }) })),
    )
  } catch (error) {
    if (error instanceof ProblemError) return { message: error.message }
    throw error
  }
}

interface NodeUse {
  nodeName: string
  others: readonly VirtualMachineInstance[]
  chosen: ReadonlyMap<string, string>
}

/** What the other machines on a node hold of it. */
function usedOn({ informers }: Engine, { nodeName, others, chosen }: NodeUse): NodeLoad['used'] {
  const used = { memoryBytes: 0, cpuMilli: 0 }
  for (const vmi of others) {
    if (phaseOf(vmi) === 'Succeeded' || phaseOf(vmi) === 'Failed') continue
    const ref: ObjectRef = { namespace: vmi.metadata.namespace ?? '', name: launcherPodName(vmi) }
    const pod = informers.of(podKind).get(ref)
    const holder = vmi.status?.nodeName ?? pod?.spec.nodeName ?? chosen.get(vmi.metadata.uid ?? '')
    if (holder !== nodeName) continue
    try {
      const { memoryBytes, cpuMilli } = requestsOf(vmi.spec.domain)
      used.memoryBytes += memoryBytes
      used.cpuMilli += cpuMilli
    } catch (error) {
      // An instance without usable memory never got a machine.
      if (!(error instanceof ProblemError)) throw error
    }
  }
  return used
}
