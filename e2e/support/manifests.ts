import type { DataVolume } from '@/contract/kinds/data-volume'
import type { VirtualMachine } from '@/contract/kinds/virtual-machine'

/** A DataVolume that imports an image. */
export function importOf(name: string, url: string, size = '256Mi'): DataVolume {
  return {
    apiVersion: 'cdi.kubevirt.io/v1beta1',
    kind: 'DataVolume',
    metadata: { name, namespace: 'default' },
    spec: { source: { http: { url } }, storage: { resources: { requests: { storage: size } } } },
  }
}

/** A machine with a disk of its own from a DataVolume template and a user who can log in. */
export function machineFrom(options: {
  name: string
  source: NonNullable<DataVolume['spec']['source']>
  memory?: string
  runStrategy?: VirtualMachine['spec']['runStrategy']
}): VirtualMachine {
  const { name, source, memory = '128Mi', runStrategy = 'Always' } = options
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name, namespace: 'default' },
    spec: {
      runStrategy,
      dataVolumeTemplates: [
        {
          metadata: { name: `${name}-root` },
          spec: { source, storage: { resources: { requests: { storage: '256Mi' } } } },
        },
      ],
      template: {
        metadata: { labels: { 'kubevirt.io/domain': name } },
        spec: {
          terminationGracePeriodSeconds: 30,
          domain: {
            devices: {
              disks: [
                { name: 'root', disk: { bus: 'virtio' } },
                { name: 'cloudinit', disk: { bus: 'virtio' } },
              ],
              interfaces: [{ name: 'default', masquerade: {} }],
            },
            memory: { guest: memory },
          },
          networks: [{ name: 'default', pod: {} }],
          volumes: [
            { name: 'root', dataVolume: { name: `${name}-root` } },
            {
              name: 'cloudinit',
              cloudInitNoCloud: {
                userData: `#cloud-config\nhostname: ${name}\nuser: tester\npassword: open-sesame\nchpasswd: {expire: false}\n`,
              },
            },
          ],
        },
      },
    },
  }
}

/** The talk's `testvm`, its container disk replaced by a DataVolume of the demo image. */
export const testvm = (dataVolume: string): VirtualMachine => ({
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachine',
  metadata: { name: 'testvm', namespace: 'default' },
  spec: {
    runStrategy: 'Halted',
    template: {
      metadata: { labels: { 'kubevirt.io/size': 'small', 'kubevirt.io/domain': 'testvm' } },
      spec: {
        domain: {
          devices: {
            disks: [
              { name: 'containerdisk', disk: { bus: 'virtio' } },
              { name: 'cloudinitdisk', disk: { bus: 'virtio' } },
            ],
            interfaces: [{ name: 'default', masquerade: {} }],
          },
          resources: { requests: { memory: '64M' } },
        },
        networks: [{ name: 'default', pod: {} }],
        volumes: [
          { name: 'containerdisk', dataVolume: { name: dataVolume } },
          { name: 'cloudinitdisk', cloudInitNoCloud: { userDataBase64: 'SGkuXG4=' } },
        ],
      },
    },
  },
})
