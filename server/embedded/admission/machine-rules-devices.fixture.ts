import { at, nic, type Row } from './machine-rows.fixture'

export const networks: Row[] = [
  [
    'an interface of no kind',
    nic({}),
    'logical default interface must have exactly one binding method or binding plugin',
    `${at}.domain.devices.interfaces[0]`,
  ],
  [
    'an interface of two kinds',
    nic({ masquerade: {}, bridge: {} }),
    'logical default interface must have exactly one binding method or binding plugin',
    `${at}.domain.devices.interfaces[0]`,
  ],
  [
    'two pod networks',
    {
      'spec.domain.devices.interfaces': [
        { name: 'a', masquerade: {} },
        { name: 'b', masquerade: {} },
      ],
      'spec.networks': [
        { name: 'a', pod: {} },
        { name: 'b', pod: {} },
      ],
    },
    `more than one interface is connected to a pod network in ${at}.interfaces`,
    `${at}.interfaces`,
  ],
  [
    'a network of no kind',
    { ...nic({ bridge: {} }), 'spec.networks': [{ name: 'default' }] },
    'should have a network type',
    `${at}.networks[0]`,
  ],
  [
    'a network without interface',
    {
      'spec.networks': [
        { name: 'default', pod: {} },
        { name: 'b', multus: { networkName: 'b' } },
      ],
    },
    `${at}.networks[1].name 'b' not found.`,
    `${at}.networks[1].name`,
  ],
  [
    'a Multus network without name',
    { ...nic({ bridge: {} }), 'spec.networks': [{ name: 'default', multus: { networkName: '' } }] },
    'CNI delegating plugin must have a networkName',
    `${at}.networks[0]`,
  ],
  [
    'a default Multus network beside the pod network',
    {
      'spec.domain.devices.interfaces': [
        { name: 'default', masquerade: {} },
        { name: 'b', bridge: {} },
      ],
      'spec.networks': [
        { name: 'default', pod: {} },
        { name: 'b', multus: { networkName: 'b', default: true } },
      ],
    },
    'Pod network cannot be defined when Multus default network is defined',
    `${at}.networks`,
  ],
  [
    'masquerading off the pod network',
    { ...nic({ masquerade: {} }), 'spec.networks': [{ name: 'default', multus: { networkName: 'b' } }] },
    'Masquerade interface only implemented with pod network',
    `${at}.domain.devices.interfaces[0].name`,
  ],
  [
    'the bridge’s own address',
    nic({ masquerade: {}, macAddress: '02:00:00:00:00:00' }),
    'The requested MAC address is reserved for the in-pod bridge. Please choose another one.',
    `${at}.domain.devices.interfaces[0].macAddress`,
  ],
  [
    'an address that is none',
    nic({ masquerade: {}, macAddress: '02:00' }),
    `interface ${at}.domain.devices.interfaces[0].name has malformed MAC address (02:00).`,
    `${at}.domain.devices.interfaces[0].macAddress`,
  ],
  [
    'an address that is too long',
    nic({ masquerade: {}, macAddress: '02:00:00:00:00:00:00:01' }),
    `interface ${at}.domain.devices.interfaces[0].name has too long MAC address (02:00:00:00:00:00:00:01).`,
    `${at}.domain.devices.interfaces[0].macAddress`,
  ],
  [
    'an unknown model',
    nic({ masquerade: {}, model: 'ne1000' }),
    `interface ${at}.domain.devices.interfaces[0].name uses model ne1000 that is not supported.`,
    `${at}.domain.devices.interfaces[0].model`,
  ],
  [
    'a malformed PCI address',
    nic({ masquerade: {}, pciAddress: '1' }),
    `interface ${at}.domain.devices.interfaces[0].name has malformed PCI address (1).`,
    `${at}.domain.devices.interfaces[0].pciAddress`,
  ],
  [
    'a port beyond the last',
    nic({ masquerade: {}, ports: [{ port: 70_000 }] }),
    'Port field must be in range 0 < x < 65536.',
    `${at}.domain.devices.interfaces[0].ports[0].port`,
  ],
  [
    'a port of an unknown protocol',
    nic({ masquerade: {}, ports: [{ port: 80, protocol: 'SCTP' }] }),
    'Unknown protocol, only TCP or UDP allowed',
    `${at}.domain.devices.interfaces[0].ports[0].protocol`,
  ],
  [
    'two ports of a name',
    nic({
      masquerade: {},
      ports: [
        { name: 'http', port: 80 },
        { name: 'http', port: 81 },
      ],
    }),
    'Duplicate name of the port: http',
    `${at}.domain.devices.interfaces[0].ports[1].name`,
  ],
  [
    'ranges of ports',
    nic({ masquerade: {}, portRanges: [{ start: 1, end: 2, protocol: 'TCP' }] }),
    'portRanges is specified on interface but the PortRangesSpec feature gate is not enabled',
    `${at}.domain.devices.interfaces[0].name`,
  ],
  [
    'DHCP options out of range',
    nic({ masquerade: {}, dhcpOptions: { privateOptions: [{ option: 12, value: 'x' }] } }),
    'provided DHCPPrivateOptions are out of range, must be in range 224 to 254',
    at,
  ],
  [
    'a time server without address',
    nic({ masquerade: {}, dhcpOptions: { ntpServers: ['::1'] } }),
    'NTP servers must be a list of valid IPv4 addresses.',
    `${at}.domain.devices.interfaces[0].dhcpOptions.ntpServers[0]`,
  ],
  [
    'an unknown state',
    nic({ masquerade: {}, state: 'asleep' }),
    'logical default interface state value is unsupported: asleep',
    `${at}.domain.devices.interfaces[0].state`,
  ],
  [
    'its default interface absent',
    nic({ bridge: {}, state: 'absent' }),
    '"default" interface\'s state "absent" is not supported on default networks',
    `${at}.domain.devices.interfaces[0].state`,
  ],
  [
    'slirp',
    nic({ slirp: {} }),
    'Slirp interface support has been discontinued since v1.3',
    'spec.domain.devices.interfaces[0].slirp',
  ],
]

export const devices: Row[] = [
  [
    'secure boot without SMM',
    { 'spec.domain.firmware': { bootloader: { efi: {} } } },
    `${at}.domain has EFI SecureBoot enabled. SecureBoot requires SMM, which is currently disabled.`,
    `${at}.domain`,
  ],
  [
    'two kinds of firmware',
    { 'spec.domain.firmware': { bootloader: { efi: { secureBoot: false }, bios: {} } } },
    `${at}.domain.firmware.bootloader has both EFI and BIOS configured, but they are mutually exclusive.`,
    `${at}.domain.firmware.bootloader`,
  ],
  [
    'kernel arguments without kernel',
    { 'spec.domain.firmware': { kernelBoot: { kernelArgs: 'quiet' } } },
    'kernel arguments cannot be provided without an external kernel',
    `${at}.domain.firmware.kernelBoot.kernelArgs`,
  ],
  [
    'ACPI tables from nowhere',
    { 'spec.domain.firmware': { acpi: { slicNameRef: 'slic' } } },
    `${at}.acpi does not have a matching Volume.`,
    `${at}.acpi.slicNameRef`,
  ],
  [
    'an input that is no tablet',
    { 'spec.domain.devices.inputs': [{ name: 'i', type: 'mouse', bus: 'usb' }] },
    'Input device can have only tablet type.',
    `${at}.domain.devices.inputs[0].type`,
  ],
  [
    'an unknown policy for I/O threads',
    { 'spec.domain.ioThreadsPolicy': 'many' },
    'Invalid IOThreadsPolicy (many)',
    `${at}.domain.ioThreadsPolicy`,
  ],
  [
    'a probe of no kind',
    { 'spec.readinessProbe': { periodSeconds: 5 } },
    `either ${at}.readinessProbe.tcpSocket, ${at}.readinessProbe.exec or ${at}.readinessProbe.httpGet must be set if a ${at}.readinessProbe is specified`,
    `${at}.readinessProbe`,
  ],
  [
    'a probe of two kinds',
    { 'spec.livenessProbe': { exec: { command: ['x'] }, guestAgentPing: {} } },
    `${at}.livenessProbe must have exactly one probe type set`,
    `${at}.livenessProbe`,
  ],
  [
    'devices of the host',
    { 'spec.domain.devices.hostDevices': [{ name: 'd', deviceName: 'x/y' }] },
    'Host Devices feature gate is not enabled in kubevirt-config',
    `${at}.HostDevices`,
  ],
  [
    'an unknown sound device',
    { 'spec.domain.devices.sound': { name: 's', model: 'sb16' } },
    "Sound device type is not supported. Options: 'ich9' or 'ac97'",
    `${at}.Sound`,
  ],
  [
    'encryption without EFI',
    { 'spec.domain.launchSecurity': { sev: {} } },
    'SEV requires OVMF (UEFI)',
    `${at}.launchSecurity`,
  ],
  [
    'VSOCK',
    { 'spec.domain.devices.autoattachVSOCK': true },
    'VSOCK feature gate is not enabled in kubevirt-config',
    `${at}.domain.devices.autoattachVSOCK`,
  ],
  [
    'a video device without screen',
    { 'spec.domain.devices.video': { type: 'vga' }, 'spec.domain.devices.autoattachGraphicsDevice': false },
    'Video configuration is not allowed when autoattachGraphicsDevice is set to false',
    `${at}.video`,
  ],
  [
    'a service account that is no name',
    {
      'spec.serviceAccountName': 'default',
      'spec.volumes': [{ name: 'root', serviceAccount: { serviceAccountName: 'x' } }],
    },
    'spec.serviceAccountName "default" and serviceAccount volume "x" must reference the same service account',
    `${at}.serviceAccountName`,
  ],
]
