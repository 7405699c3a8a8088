import type { MachineInterface } from '@/server/operator/engine/hypervisor-port'
import { option } from './option'

/** User-mode networking: every guest has such a network to itself; only the guest's own address differs. */
const network = { cidr: '10.42.0.0/16', gateway: '10.42.0.1', dns: '10.42.0.2' }

const models: Record<MachineInterface['model'], string> = {
  virtio: 'virtio-net-pci',
  e1000: 'e1000',
  e1000e: 'e1000e',
  igb: 'igb',
  ne2k_pci: 'ne2k_pci',
  pcnet: 'pcnet',
  rtl8139: 'rtl8139',
}

/** QEMU's device for a KubeVirt interface model. */
export function interfaceDevice(model: MachineInterface['model']): string {
  return models[model]
}

/** In 10.42.0.0/16, apart from the network's own addresses (the first four and the broadcast address). */
export function isGuestAddress(address: string): boolean {
  const match = /^10\.42\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/.exec(address)
  if (!match) return false
  const [third, fourth] = [Number(match[1]), Number(match[2])]
  const host = third * 256 + fourth
  return third <= 255 && fourth <= 255 && host > 3 && host < 65_535
}

/** The device's id, by which its link is set. */
export function interfaceId(name: string): string {
  return `nic-${name}`
}

/** The id of the network behind an interface, by the interface's place in the spec. */
export function netdevId(index: number): string {
  return `net${index}`
}

/**
 * The arguments of one network interface. DHCP hands out `dhcpstart` to the first MAC that asks, and there is only one.
 * @param slot PCI slot on the root bus
 */
export function buildInterface(
  nic: MachineInterface,
  index: number,
  slot: number,
  bootIndex: number | undefined,
): string[] {
  const netdev = option('user', {
    id: netdevId(index),
    net: network.cidr,
    host: network.gateway,
    dns: network.dns,
    dhcpstart: nic.backend.address,
    hostname: nic.backend.hostname,
    ipv6: 'off',
  })
  const device = option(interfaceDevice(nic.model), {
    id: interfaceId(nic.name),
    netdev: netdevId(index),
    mac: nic.mac.toLowerCase(),
    bus: 'pcie.0',
    addr: `0x${slot.toString(16)}`,
    bootindex: bootIndex,
    // Without a place in the boot order the network card's boot ROM would only cost time.
    romfile: bootIndex === undefined ? '' : undefined,
  })
  return ['-netdev', netdev, '-device', device]
}
