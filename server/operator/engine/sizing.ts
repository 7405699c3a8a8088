import { applyAutoattach } from '@/contract/instance-type/apply-device-preferences'
import { applyInstanceType, conflictWords, type Sizing } from '@/contract/instance-type/apply-instance-type'
import { fillDiskPerVolume, fillInput, fillNetwork } from '@/contract/instance-type/default-devices'
import { instanceTypeGroup, matchedObject } from '@/contract/instance-type/matcher'
import type { JsonObject } from '@/contract/json'
import { childOf, objectAt } from '@/contract/json-fields'
import { kubeVirtKind } from '@/contract/kinds/platform'
import type { VirtualMachine } from '@/contract/kinds/virtual-machine'
import type { VirtualMachineInstance } from '@/contract/kinds/virtual-machine-instance'
import { ApiError, type KubeClient } from '@/server/cluster/kube-client'

/** A machine names a type or a preference that there is none of. */
export class SizingError extends Error {}

/** Reads what a VirtualMachine's spec names; rejects with a SizingError when that is not there. */
export async function readSizing(client: KubeClient, spec: JsonObject, namespace: string): Promise<Sizing> {
  const find = async (field: 'instancetype' | 'preference') => {
    const matched = matchedObject(spec, field)
    if (typeof matched === 'string') throw new SizingError(matched)
    if (!matched) return undefined
    const { plural, namespaced, name } = matched
    const place = namespaced ? `namespaces/${namespace}/` : ''
    try {
      return objectAt(await client.raw('GET', `/apis/${instanceTypeGroup}/v1beta1/${place}${plural}/${name}`), 'spec')
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 404) throw error
      throw new SizingError(`${plural}.${instanceTypeGroup} "${name}" not found`)
    }
  }
  return { type: await find('instancetype'), preference: await find('preference') }
}

/** Which binding the interface gets that a machine has without naming it. */
export async function readDefaultBinding(client: KubeClient): Promise<'bridge' | 'masquerade'> {
  const { items } = await client.list(kubeVirtKind)
  const network = objectAt(items[0]?.spec, 'configuration', 'network')
  return network?.['defaultNetworkInterface'] === 'masquerade' ? 'masquerade' : 'bridge'
}

/** An instance with the type and preference of its VirtualMachine worked in, devices it has unasked included. */
export async function sizeInstance(
  client: KubeClient,
  vm: VirtualMachine,
  instance: VirtualMachineInstance,
): Promise<VirtualMachineInstance> {
  const { instancetype, preference, template } = vm.spec
  if (!instancetype && !preference) return instance
  const sizing = await readSizing(client, { instancetype, preference }, vm.metadata.namespace ?? '')
  // The VM's own template first: what an instance is given on its way is no wish of a person.
  const sized: JsonObject = structuredClone({ metadata: { ...template.metadata }, spec: { ...template.spec } })
  const machine = childOf(sized, 'spec')
  if (sizing.preference) applyAutoattach(machine, sizing.preference)
  fillNetwork(machine, await readDefaultBinding(client))
  fillDiskPerVolume(machine)
  fillInput(machine)
  const conflicts = applyInstanceType(sized, sizing)
  if (conflicts.length > 0) throw new SizingError(conflictWords(conflicts))
  const annotations = { ...objectAt(sized, 'metadata', 'annotations'), ...instance.metadata.annotations }
  return {
    ...instance,
    // Texts both: those of a type, a preference and the instance.
    metadata: { ...instance.metadata, annotations: annotations as Record<string, string> },
    spec: {
      ...instance.spec,
      // A template's spec with fields of the same shape added.
      ...(machine as unknown as VirtualMachineInstance['spec']),
    },
  }
}
