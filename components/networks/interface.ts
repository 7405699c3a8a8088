import type { VirtualMachineInstance } from '@/contract/kinds/virtual-machine-instance'
import { isAlive } from '@/contract/virtual-machine/can'

/** One network interface of a running guest. */
export interface GuestInterface {
  namespace: string
  machine: string
  name: string
  /** `pod` for the cluster's own network, else the attachment's name. */
  network: string
  binding: string | undefined
  addresses: readonly string[]
  mac: string | undefined
}

/** The interfaces of all living guests: what the specification says, with what the guest reports. */
export function interfacesOf(vmis: readonly VirtualMachineInstance[]): readonly GuestInterface[] {
  return vmis.filter(isAlive).flatMap((vmi) => {
    const { namespace = '', name: machine } = vmi.metadata
    return (vmi.spec.domain.devices.interfaces ?? []).map((specified) => {
      const reported = vmi.status?.interfaces?.find(({ name }) => name === specified.name)
      const network = vmi.spec.networks?.find(({ name }) => name === specified.name)
      return {
        namespace,
        machine,
        name: specified.name,
        network: network?.multus?.networkName ?? 'pod',
        binding: bindings.find((binding) => specified[binding] !== undefined) ?? specified.binding?.name,
        addresses: reported?.ipAddresses ?? (reported?.ipAddress ? [reported.ipAddress] : []),
        mac: reported?.mac ?? specified.macAddress,
      }
    })
  })
}

const bindings = ['masquerade', 'bridge', 'sriov', 'passtBinding'] as const
