import { at, cloudInit, disks, labelWords, nic, type Row, root, volumes } from './machine-rows.fixture'

export const storage: Row[] = [
  [
    'a disk of two kinds',
    root({ cdrom: {} }),
    `${at}.domain.devices.disks[0] can only have a single target type defined`,
    `${at}.domain.devices.disks[0]`,
  ],
  [
    'two disks of a name',
    disks({ name: 'root', disk: {} }, { name: 'root', disk: {} }),
    `${at}.domain.devices.disks[1] and ${at}.domain.devices.disks[0] must not have the same Name.`,
    `${at}.domain.devices.disks[1].name`,
  ],
  ['an IDE disk', root({ disk: { bus: 'ide' } }), 'IDE bus is not supported', `${at}.domain.devices.disks[0].disk.bus`],
  [
    'an unknown bus',
    root({ disk: { bus: 'floppy' } }),
    `${at}.domain.devices.disks[0] is set with an unrecognized bus floppy, must be one of: [virtio scsi sata usb]`,
    `${at}.domain.devices.disks[0].disk.bus`,
  ],
  [
    'a virtio CD-ROM',
    disks({ name: 'root', cdrom: { bus: 'virtio' } }),
    'Bus type virtio is invalid for CD-ROM device',
    `${at}.domain.devices.disks[0].cdrom.bus`,
  ],
  [
    'a read-only SATA disk',
    root({ disk: { bus: 'sata', readonly: true } }),
    'sata hard-disks do not support read-only.',
    `${at}.domain.devices.disks[0].disk.bus`,
  ],
  [
    'an I/O thread for SCSI',
    root({ disk: { bus: 'scsi' }, dedicatedIOThread: true }),
    'IOThreads are not supported for disks on a scsi bus',
    `${at}.domain.devices.disks.domain.devices.disks[0]`,
  ],
  [
    'a PCI address on SATA',
    root({ disk: { bus: 'sata', pciAddress: '0000:00:01.0' } }),
    `disk ${at}.domain.devices.disks.domain.devices.disks.disk[0].name - setting a PCI address is only possible with bus type virtio.`,
    `${at}.domain.devices.disks.domain.devices.disks.disk[0].pciAddress`,
  ],
  [
    'no place in the boot order',
    root({ bootOrder: 0 }),
    `${at}.domain.devices.disks[0] must have a boot order > 0, if supplied`,
    `${at}.domain.devices.disks[0].bootOrder`,
  ],
  [
    'two first in the boot order',
    {
      ...disks({ name: 'root', disk: {}, bootOrder: 1 }),
      ...nic({ masquerade: {}, bootOrder: 1 }),
    },
    `Boot order for ${at}.domain.devices.interfaces[0].bootOrder already set for a different device.`,
    `${at}.domain.devices.interfaces[0].bootOrder`,
  ],
  [
    'a serial with blanks',
    root({ serial: 'a b' }),
    `${at}.domain.devices.disks[0] must be made up of the following characters [A-Za-z0-9_.+-], if specified`,
    `${at}.domain.devices.disks[0].serial`,
  ],
  [
    'a long serial',
    root({ serial: 'x'.repeat(257) }),
    `${at}.domain.devices.disks[0] must be less than or equal to 256 in length, if specified`,
    `${at}.domain.devices.disks[0].serial`,
  ],
  [
    'an unknown cache',
    root({ cache: 'fast' }),
    `${at}.domain.devices.disks[0].cache has invalid value fast`,
    `${at}.domain.devices.disks[0].cache`,
  ],
  [
    'an unknown way of I/O',
    root({ io: 'fast' }),
    `Disk IO mode for ${at}.domain.devices.disks is not supported. Supported modes are: native, threads.`,
    `${at}.domain.devices.disks.domain.devices.disks[0].io`,
  ],
  [
    'an unknown error policy',
    root({ errorPolicy: 'cry' }),
    `${at}.domain.devices.disks[0].errorPolicy has invalid value "cry"`,
    `${at}.domain.devices.disks[0].errorPolicy`,
  ],
  [
    'blocks of no power of two',
    root({ blockSize: { custom: { logical: 1000, physical: 1000 } } }),
    'Provided size of 1000 is not a power of 2',
    `${at}.domain.devices.disks[0].blockSize.custom.logical`,
  ],
  [
    'logical blocks larger than physical',
    root({ blockSize: { custom: { logical: 4096, physical: 512 } } }),
    'Logical size 4096 must be the same or less than the physical size of 512',
    `${at}.domain.devices.disks[0].blockSize.custom.logical`,
  ],
  [
    'a disk name that is no label',
    { ...disks({ name: 'Root', disk: {} }), ...volumes({ name: 'Root', emptyDisk: { capacity: '1Gi' } }) },
    labelWords,
    `${at}.domain.devices.disks.domain.devices.disks[0].name`,
  ],
  [
    'a LUN from nowhere',
    { ...disks({ name: 'x', lun: {} }), ...volumes({ name: 'x', emptyDisk: { capacity: '1Gi' } }) },
    `${at}.domain.devices.disks[0].lun can only be mapped to a DataVolume or PersistentVolumeClaim volume.`,
    `${at}.domain.devices.disks[0].lun`,
  ],
  [
    'two volumes of a name',
    volumes({ name: 'root', dataVolume: { name: 'a' } }, { name: 'root', dataVolume: { name: 'b' } }),
    `${at}.volumes[1] and ${at}.volumes[0] must not have the same Name.`,
    `${at}.volumes[1].name`,
  ],
  [
    'a volume without source',
    volumes({ name: 'root' }),
    `${at}.volumes[0] must have exactly one source type set`,
    `${at}.volumes[0]`,
  ],
  [
    'a disk of the host',
    volumes({ name: 'root', hostDisk: { path: '/x', type: 'Disk' } }),
    'HostDisk feature gate is not enabled',
    `${at}.volumes[0]`,
  ],
  [
    'a relative path in an image',
    volumes({ name: 'root', containerDisk: { image: 'a', path: '/disk/../x' } }),
    `${at}.volumes[0].containerDisk must be an absolute path to a file without relative components`,
    `${at}.volumes[0].containerDisk`,
  ],
  [
    'no data for cloud-init',
    cloudInit({}),
    `${at}.volumes[0].cloudInitNoCloud must have at least one userdatasource or one networkdatasource set.`,
    `${at}.volumes[0].cloudInitNoCloud`,
  ],
  [
    'two user data for cloud-init',
    cloudInit({ userData: 'a', secretRef: { name: 's' } }),
    `${at}.volumes[0].cloudInitNoCloud must have only one userdatasource set.`,
    `${at}.volumes[0].cloudInitNoCloud`,
  ],
  [
    'two network data for cloud-init',
    cloudInit({ networkData: 'a', networkDataSecretRef: { name: 's' } }),
    `${at}.volumes[0].cloudInitNoCloud must have only one networkdata source set.`,
    `${at}.volumes[0].cloudInitNoCloud`,
  ],
  [
    'too much data for cloud-init',
    cloudInit({ userData: 'x'.repeat(2049) }),
    `${at}.volumes[0].cloudInitNoCloud userdata exceeds 2048 byte limit. Should use UserDataSecretRef for larger data.`,
    `${at}.volumes[0].cloudInitNoCloud`,
  ],
  [
    'data for cloud-init in no base64',
    cloudInit({ userDataBase64: '%%%%' }),
    `${at}.volumes[0].cloudInitNoCloud.userDataBase64.cloudInitNoCloud.userDataBase64 is not a valid base64 value.`,
    `${at}.volumes[0].cloudInitNoCloud.userDataBase64`,
  ],
  [
    'keys without a disk to carry them',
    {
      'spec.accessCredentials': [
        { sshPublicKey: { source: { secret: { secretName: 's' } }, propagationMethod: { noCloud: {} } } },
      ],
    },
    `${at}.accessCredentials[0] requires a noCloud volume to exist when the noCloud propagationMethod is in use.`,
    `${at}.accessCredentials[0].sshPublicKey.propagationMethod`,
  ],
  [
    'keys for nobody',
    {
      'spec.accessCredentials': [
        {
          sshPublicKey: {
            source: { secret: { secretName: 's' } },
            propagationMethod: { qemuGuestAgent: { users: [] } },
          },
        },
      ],
    },
    `${at}.accessCredentials[0] requires at least one user to be present in the users list`,
    `${at}.accessCredentials[0].sshPublicKey.propagationMethod.qemuGuestAgent.users`,
  ],
  [
    'a password without source',
    { 'spec.accessCredentials': [{ userPassword: { source: {}, propagationMethod: { qemuGuestAgent: {} } } }] },
    `${at}.accessCredentials[0] must have exactly one source set`,
    `${at}.accessCredentials[0].userPassword.source`,
  ],
  [
    'credentials of no kind',
    { 'spec.accessCredentials': [{}] },
    `${at}.accessCredentials[0] must have exactly one access credential type set`,
    `${at}.accessCredentials[0]`,
  ],
]
