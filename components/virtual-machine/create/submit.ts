import { type MachineObjects, machineLabel, ownedBy } from '@/contract/builders/create-virtual-machine'
import { type Secret, secretKind } from '@/contract/kinds/core'
import { type DataVolume, dataVolumeKind } from '@/contract/kinds/data-volume'
import type { Kind } from '@/contract/kinds/kind'
import { type VirtualMachine, virtualMachineKind } from '@/contract/kinds/virtual-machine'
import type { KubeObject } from '@/contract/kube-object'
import { ApiFailure, type KubeApi } from '../../kube/api'

/** How far a creation is. */
export type SubmitStage = 'checking' | 'creating'

export type SubmitResult =
  /** `notOwned`: objects that were made but could not be tied to the machine. */
  | { created: VirtualMachine; notOwned: string[] }
  /** `leftBehind`: objects that could not be removed again. */
  | { failure: ApiFailure; leftBehind: string[] }

/**
 * Creates a machine and what belongs to it, or nothing: everything is checked by the server first (dry run), and what
 * was made before a refusal is removed again. What an interrupted attempt left behind is taken over.
 */
export async function submitMachine(
  api: KubeApi,
  objects: MachineObjects,
  onStage: (stage: SubmitStage) => void,
): Promise<SubmitResult> {
  const companions = companionsOf(objects)
  const made: Companion[] = []
  try {
    onStage('checking')
    for (const companion of companions) await check(api, companion, objects.machine)
    await api.create(virtualMachineKind, objects.machine, { dryRun: true })
    onStage('creating')
    for (const companion of companions) {
      await companion.create(api, false)
      made.push(companion)
    }
    const created = await api.create(virtualMachineKind, objects.machine)
    return { created, notOwned: await own(api, made, created) }
  } catch (failure) {
    if (!(failure instanceof ApiFailure)) throw failure
    return { failure, leftBehind: await undo(api, made) }
  }
}

/** An object that is made before the machine and belongs to it. */
interface Companion {
  kind: Kind
  object: KubeObject
  create: (api: KubeApi, dryRun: boolean) => Promise<unknown>
}

function companionsOf({ secret, dataVolume }: MachineObjects): Companion[] {
  const companion = <T extends Secret | DataVolume>(kind: Kind<T>, object: T): Companion => ({
    kind: kind as Kind,
    object,
    create: (api, dryRun) => api.create(kind, object, { dryRun }),
  })
  return [
    ...(secret ? [companion(secretKind, secret)] : []),
    ...(dataVolume ? [companion(dataVolumeKind, dataVolume)] : []),
  ]
}

function nameOf({ kind, object }: Companion): string {
  return `${kind.kind} ${object.metadata.name}`
}

/** A dry run; when the name is taken by what an interrupted attempt for this machine left, that is removed first. */
async function check(api: KubeApi, companion: Companion, machine: VirtualMachine): Promise<void> {
  try {
    await companion.create(api, true)
  } catch (failure) {
    const taken = failure instanceof ApiFailure && failure.reason === 'AlreadyExists'
    if (!taken || !(await isLeftover(api, companion, machine))) throw failure
    await api.remove(companion.kind, refOf(companion.object))
    await companion.create(api, true)
  }
}

/** Whether an object was made for a machine of this name that never came to be. */
async function isLeftover(api: KubeApi, { kind, object }: Companion, machine: VirtualMachine): Promise<boolean> {
  const existing = await find(api, kind, refOf(object))
  const forIt = existing?.metadata.labels?.[machineLabel] === machine.metadata.name
  if (!forIt || (existing?.metadata.ownerReferences?.length ?? 0) > 0) return false
  // With a machine of that name it is in use, whoever owns it.
  return (await find(api, virtualMachineKind as Kind, refOf(machine))) === undefined
}

/** Ties what was made to the machine, so that it goes with it; returns what could not be tied. */
async function own(api: KubeApi, made: readonly Companion[], machine: VirtualMachine): Promise<string[]> {
  const body = { metadata: { ownerReferences: [ownedBy(machine)] } }
  return failures(made, ({ kind, object }) => api.patch(kind, refOf(object), { type: 'merge', body }))
}

async function undo(api: KubeApi, made: readonly Companion[]): Promise<string[]> {
  return failures([...made].reverse(), ({ kind, object }) => api.remove(kind, refOf(object)))
}

/** Does it to each; names those with which it failed. */
async function failures(all: readonly Companion[], act: (companion: Companion) => Promise<unknown>): Promise<string[]> {
  const failed: string[] = []
  for (const companion of all) {
    try {
      await act(companion)
    } catch (failure) {
      if (!(failure instanceof ApiFailure)) throw failure
      failed.push(`${nameOf(companion)} (${failure.message})`)
    }
  }
  return failed
}

function refOf({ metadata: { namespace = '', name } }: KubeObject) {
  return { namespace, name }
}

async function find(
  api: KubeApi,
  kind: Kind,
  ref: { namespace: string; name: string },
): Promise<KubeObject | undefined> {
  try {
    return await api.get(kind, ref)
  } catch (failure) {
    // Who may create Secrets may often not read them: then there is nothing to take over, and a clash says so itself.
    if (failure instanceof ApiFailure && (failure.code === 404 || failure.code === 403)) return undefined
    throw failure
  }
}
