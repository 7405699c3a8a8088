import type { VirtualMachine } from '@/contract/kinds/virtual-machine'

/** Every place of the console that needs no object of its own. */
export const places = [
  'overview',
  'virtual-machines',
  'virtual-machines/create',
  'virtual-machines/create?image=chiave-demo',
  'catalog',
  'storage',
  'networks',
  'hosts',
  'platform',
  'activity',
] as const

/** The tabs of a machine's page. */
export const machineTabs = ['', '/console', '/yaml', '/events'] as const

export const widths = { wide: 1440, tablet: 768, phone: 390 } as const

export const themes = ['light', 'dark'] as const

/** A machine that is off and has an empty disk: enough to look at its pages. */
export function machineAtRest(name: string): VirtualMachine {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name, namespace: 'default' },
    spec: {
      runStrategy: 'Halted',
      dataVolumeTemplates: [
        {
          metadata: { name: `${name}-data` },
          spec: { source: { blank: {} }, storage: { resources: { requests: { storage: '1Gi' } } } },
        },
      ],
      template: {
        spec: {
          domain: {
            devices: {
              disks: [{ name: 'data', disk: { bus: 'virtio' } }],
              interfaces: [{ name: 'default', masquerade: {} }],
            },
            memory: { guest: '256Mi' },
          },
          networks: [{ name: 'default', pod: {} }],
          volumes: [{ name: 'data', dataVolume: { name: `${name}-data` } }],
        },
      },
    },
  }
}
