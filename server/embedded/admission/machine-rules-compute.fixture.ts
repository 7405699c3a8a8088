import { at, labelWords, type Row, resources } from './machine-rows.fixture'

export const names: Row[] = [
  [
    'a hostname of several labels',
    { 'spec.hostname': 'a.b' },
    `${at}.hostname does not conform to the kubernetes DNS_LABEL rules : must not contain dots`,
    `${at}.hostname`,
  ],
  [
    'a hostname with capitals',
    { 'spec.hostname': 'Web' },
    `${at}.hostname does not conform to the kubernetes DNS_LABEL rules : ${labelWords}`,
    `${at}.hostname`,
  ],
  [
    'a subdomain with blanks',
    { 'spec.subdomain': 'a b' },
    `${at}.subdomain does not conform to the kubernetes DNS_SUBDOMAIN rules : a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
    `${at}.subdomain`,
  ],
  [
    'an unknown DNS policy',
    { 'spec.dnsPolicy': 'Mine' },
    'DNSPolicy: Mine is not supported, valid values: [ClusterFirstWithHostNet ClusterFirst Default None ]',
    `${at}.dnsPolicy`,
  ],
  [
    'no name servers of its own',
    { 'spec.dnsPolicy': 'None' },
    'must provide `dnsConfig` when `dnsPolicy` is None',
    `${at}.dnsConfig`,
  ],
  [
    'a name server without address',
    { 'spec.dnsConfig': { nameservers: ['one'] } },
    'must be valid IP address: one',
    'nameservers',
  ],
]

export const processors: Row[] = [
  [
    'too little memory',
    resources({ memory: '100k' }),
    `${at}.domain.resources.requests.memory '100k': must be greater than or equal to 1M.`,
    `${at}.domain.resources.requests.memory`,
  ],
  [
    'less than no memory',
    resources({ memory: '-64Mi' }),
    `${at}.domain.resources.requests.memory '-64Mi': must be greater than or equal to 0.`,
    `${at}.domain.resources.requests.memory`,
  ],
  [
    'more memory asked for than allowed',
    resources({ memory: '2048Mi' }, { memory: '1Gi' }),
    `${at}.domain.resources.requests.memory '2Gi' is greater than ${at}.domain.resources.limits.memory '1Gi'`,
    `${at}.domain.resources.requests.memory`,
  ],
  [
    'huge pages of no size',
    { 'spec.domain.memory.hugepages': { pageSize: '2Mib' } },
    `${at}.domain.memory.hugepages.pageSize '2Mib': quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`,
    `${at}.domain.memory.hugepages.pageSize`,
  ],
  [
    'a page larger than the memory',
    { 'spec.domain.memory': { guest: '128Mi', hugepages: { pageSize: '1Gi' } } },
    `${at}.domain.resources.requests.memory '0' must be equal to or larger than page size ${at}.domain.memory.hugepages.pageSize '1Gi'`,
    `${at}.domain.resources.requests.memory`,
  ],
  [
    'a part of a page',
    { 'spec.domain.memory': { guest: '3Mi', hugepages: { pageSize: '2Mi' } } },
    `${at}.domain.resources.requests.memory '0' is not a multiple of the page size ${at}.domain.memory.hugepages.pageSize '2Mi'`,
    `${at}.domain.resources.requests.memory`,
  ],
  [
    'memory that may not grow so far',
    { 'spec.domain.memory': { guest: '2Gi', maxGuest: '1Gi' } },
    'Guest memory is greater than the configured maxGuest memory',
    `${at}.domain.memory.guest`,
  ],
  [
    'too little memory to grow',
    { 'spec.domain.memory': { guest: '512Mi', maxGuest: '1Gi' } },
    'Memory hotplug is only available for VMs with at least 1Gi of guest memory',
    `${at}.domain.memory.guest`,
  ],
  [
    'a machine of another kind',
    { 'spec.domain.machine': { type: 'pc-i440fx' } },
    `${at}.domain.machine.type is not supported: pc-i440fx (allowed values: [q35* pc-q35*])`,
    `${at}.domain.machine.type`,
  ],
  [
    'less than no CPU',
    resources({ memory: '1Gi', cpu: '-1' }),
    `${at}.domain.resources.requests.cpu '-1': must be greater than or equal to 0.`,
    `${at}.domain.resources.requests.cpu`,
  ],
  [
    'more CPU asked for than allowed',
    resources({ memory: '1Gi', cpu: '1500m' }, { cpu: '1' }),
    `${at}.domain.resources.requests.cpu '1500m' is greater than ${at}.domain.resources.limits.cpu '1'`,
    `${at}.domain.resources.requests.cpu`,
  ],
  [
    'half a CPU for itself',
    {
      ...resources({ memory: '1Gi', cpu: '1500m' }),
      'spec.domain.cpu': { dedicatedCpuPlacement: true },
    },
    'provided resources CPU requests must be an interger',
    `${at}.domain.resources.requests.cpu`,
  ],
  [
    'threads beyond two on CPUs for itself',
    { 'spec.domain.cpu': { dedicatedCpuPlacement: true, threads: 4 } },
    `Not more than two threads must be provided at ${at}.domain.cpu.threads (got 4) when DedicatedCPUPlacement is true`,
    `${at}.domain.cpu.dedicatedCpuPlacement`,
  ],
  [
    'a topology that contradicts the CPUs for itself',
    {
      ...resources({ memory: '1Gi', cpu: '3' }),
      'spec.domain.cpu': { dedicatedCpuPlacement: true, cores: 2 },
    },
    `${at}.domain.resources.requests.cpu or ${at}.domain.resources.limits.cpu must not be provided at the same time with ${at}.domain.cpu.cores when DedicatedCPUPlacement is true `,
    `${at}.domain.cpu.dedicatedCpuPlacement`,
  ],
  [
    'NUMA without CPUs for itself',
    { 'spec.domain.cpu': { numa: { guestMappingPassthrough: {} } } },
    `${at}.domain.cpu.dedicatedCpuPlacement must be set to true when NUMA topology strategy is set in ${at}.domain.cpu.numa.guestMappingPassthrough`,
    `${at}.domain.cpu.numa.guestMappingPassthrough`,
  ],
  [
    'NUMA without huge pages',
    { 'spec.domain.cpu': { dedicatedCpuPlacement: true, numa: { guestMappingPassthrough: {} } } },
    `${at}.domain.memory.hugepages must be requested when NUMA topology strategy is set in ${at}.domain.cpu.numa.guestMappingPassthrough`,
    `${at}.domain.cpu.numa.guestMappingPassthrough`,
  ],
  [
    'an emulator apart without CPUs for itself',
    { 'spec.domain.cpu': { isolateEmulatorThread: true } },
    'IsolateEmulatorThread should be only set in combination with DedicatedCPUPlacement',
    `${at}.domain.cpu.isolateEmulatorThread`,
  ],
  [
    'an unknown policy for a CPU feature',
    { 'spec.domain.cpu': { features: [{ name: 'avx', policy: 'maybe' }] } },
    'CPU feature avx uses policy maybe that is not supported.',
    `${at}.domain.cpu.features[0].policy`,
  ],
  [
    'more sockets than there may be',
    { 'spec.domain.cpu': { sockets: 4, maxSockets: 2 } },
    'Number of sockets in CPU topology is greater than the maximum sockets allowed',
    `${at}.domain.cpu.sockets`,
  ],
  [
    'real time on shared CPUs',
    { 'spec.domain.cpu': { realtime: {} } },
    `${at}.domain.cpu.dedicatedCpuPlacement must be set to true when ${at}.domain.cpu.realtime is used`,
    `${at}.domain.cpu.dedicatedCpuPlacement`,
  ],
  [
    'an unknown way to start',
    { 'spec.startStrategy': 'Later' },
    `${at}.startStrategy is set with an unrecognized option: Later`,
    `${at}.startStrategy`,
  ],
  [
    'an unknown way to leave a node',
    { 'spec.evictionStrategy': 'Flee' },
    `${at}.evictionStrategy is set with an unrecognized option: Flee`,
    `${at}.evictionStrategy`,
  ],
]

export const placement: Row[] = [
  [
    'an affinity without weight',
    { 'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution': [{ weight: 0, preference: {} }] },
    `${at}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100`,
    `${at}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight`,
  ],
  [
    'an affinity to nothing',
    { 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution': { nodeSelectorTerms: [] } },
    `${at}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term`,
    `${at}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`,
  ],
  [
    'an affinity to pods nowhere',
    {
      'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution': [
        { topologyKey: 'a/b/c', labelSelector: {} },
      ],
    },
    `${at}.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: "a/b/c": a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    `${at}.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey`,
  ],
  [
    'a spread without skew',
    { 'spec.topologySpreadConstraints': [{ maxSkew: 0, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }] },
    `${at}.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero`,
    `${at}.topologySpreadConstraints[0].maxSkew`,
  ],
  [
    'a spread of an unknown kind',
    { 'spec.topologySpreadConstraints': [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'Wait' }] },
    `${at}.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "Wait": supported values: "DoNotSchedule", "ScheduleAnyway"`,
    `${at}.topologySpreadConstraints[0].whenUnsatisfiable`,
  ],
  [
    'a restricted label',
    { 'metadata.labels': { 'kubevirt.io/nodeName': 'n' } },
    'creation of the following reserved kubevirt.io/ labels on a VMI object is prohibited',
    'spec.template.metadata.labels',
  ],
  [
    'a sidecar',
    { 'metadata.annotations': { 'hooks.kubevirt.io/hookSidecars': '[]' } },
    'sidecar feature gate is not enabled in kubevirt-config, invalid entry spec.template.metadata.annotations.hooks.kubevirt.io/hookSidecars',
    'spec.template.metadata.annotations',
  ],
]
