import type { PolicyRule } from '@/contract/kinds/rbac'
import { aggregateTo, allow, allVerbs, type DefaultRole, readVerbs } from './default-role'

/** The roles that KubeVirt 1.9 and CDI 1.66 install, for people to be bound to. */

const app = { 'kubevirt.io': '' }
const calls = 'subresources.kubevirt.io'
const editVerbs = ['get', 'delete', 'create', 'update', 'patch', 'list', 'watch']

const ofInstances = (...names: string[]) => names.map((name) => `virtualmachineinstances/${name}`)
const ofMachines = (...names: string[]) => names.map((name) => `virtualmachines/${name}`)

/** Kinds beside the machines themselves, by group. */
const kinds = (verbs: readonly string[]): PolicyRule[] => [
  allow(verbs, 'snapshot.kubevirt.io', [
    'virtualmachinesnapshots',
    'virtualmachinesnapshotcontents',
    'virtualmachinerestores',
  ]),
  allow(verbs, 'backup.kubevirt.io', ['virtualmachinebackups', 'virtualmachinebackuptrackers']),
  allow(verbs, 'export.kubevirt.io', ['virtualmachineexports']),
  allow(verbs, 'clone.kubevirt.io', ['virtualmachineclones']),
  allow(verbs, 'instancetype.kubevirt.io', [
    'virtualmachineinstancetypes',
    'virtualmachineclusterinstancetypes',
    'virtualmachinepreferences',
    'virtualmachineclusterpreferences',
  ]),
  allow(verbs, 'pool.kubevirt.io', ['virtualmachinepools']),
]

const machines = [
  'virtualmachines',
  'virtualmachineinstances',
  'virtualmachineinstancepresets',
  'virtualmachineinstancereplicasets',
]
const migrationPolicies = allow(readVerbs, 'migrations.kubevirt.io', ['migrationpolicies'])
const readableCalls = [
  ...ofInstances('guestosinfo', 'filesystemlist', 'userlist', 'sev/fetchcertchain', 'sev/querylaunchmeasurement'),
  ...ofMachines('objectgraph'),
  ...ofInstances('objectgraph'),
]

const power: readonly PolicyRule[] = [
  allow(
    ['update'],
    calls,
    ofInstances(
      'pause',
      'unpause',
      'addvolume',
      'removevolume',
      'freeze',
      'unfreeze',
      'softreboot',
      'reset',
      'sev/setupsession',
      'sev/injectlaunchsecret',
      'evacuate/cancel',
    ),
  ),
  allow(['get'], calls, ofMachines('expand-spec', 'portforward')),
  allow(
    ['update'],
    calls,
    ofMachines(
      'start',
      'stop',
      'restart',
      'addvolume',
      'removevolume',
      'memorydump',
      'removememorydump',
      'evacuate/cancel',
    ),
  ),
  allow(['update'], calls, ['expand-vm-spec']),
]

const screens = ofInstances('console', 'vnc', 'portforward', 'usbredir')
const migrations = ['virtualmachineinstancemigrations']
const kubevirts = allow(['get', 'list'], 'kubevirt.io', ['kubevirts'])

export const kubevirtRoles: readonly DefaultRole[] = [
  {
    name: 'kubevirt.io:default',
    labels: { ...app, 'kubernetes.io/bootstrapping': 'rbac-defaults' },
    rules: [kubevirts, allow(['get', 'list'], calls, ['version', 'guestfs'])],
    groups: ['system:authenticated'],
  },
  {
    name: 'kubevirt.io:admin',
    labels: { ...app, ...aggregateTo('admin') },
    rules: [
      allow(['get'], calls, [...screens, ...ofInstances('vnc/screenshot'), ...readableCalls]),
      ...power,
      allow(allVerbs, 'kubevirt.io', machines),
      allow(readVerbs, 'kubevirt.io', migrations),
      ...kinds(allVerbs),
      allow(allVerbs, 'plugin.kubevirt.io', ['plugins']),
      migrationPolicies,
    ],
  },
  {
    name: 'kubevirt.io:edit',
    labels: { ...app, ...aggregateTo('edit') },
    rules: [
      allow(['get'], calls, [...screens, ...readableCalls]),
      ...power,
      allow(editVerbs, 'kubevirt.io', machines),
      allow(readVerbs, 'kubevirt.io', migrations),
      ...kinds(editVerbs),
      kubevirts,
      migrationPolicies,
    ],
  },
  {
    name: 'kubevirt.io:view',
    labels: { ...app, ...aggregateTo('view') },
    rules: [
      kubevirts,
      allow(['get'], calls, [...ofMachines('expand-spec'), ...readableCalls]),
      allow(['update'], calls, ['expand-vm-spec']),
      allow(readVerbs, 'kubevirt.io', [...machines, ...migrations]),
      ...kinds(readVerbs),
      migrationPolicies,
      allow(readVerbs, 'plugin.kubevirt.io', ['plugins']),
    ],
  },
  {
    name: 'kubevirt.io:migrate',
    labels: app,
    rules: [allow(['update'], calls, ofMachines('migrate')), allow(allVerbs, 'kubevirt.io', migrations)],
  },
  {
    name: 'instancetype.kubevirt.io:view',
    labels: app,
    rules: [
      allow(readVerbs, 'instancetype.kubevirt.io', [
        'virtualmachineclusterinstancetypes',
        'virtualmachineclusterpreferences',
      ]),
    ],
    groups: ['system:authenticated'],
  },
]

const cdi = { 'cdi.kubevirt.io': '', 'app.kubernetes.io/component': 'storage' }
const cdiSources = ['volumeimportsources', 'volumeuploadsources', 'volumeclonesources']
const cdiPopulators = ['ovirtvolumepopulators', 'openstackvolumepopulators']

const cdiEdit: readonly PolicyRule[] = [
  allow(['*'], 'cdi.kubevirt.io', ['datavolumes', 'dataimportcrons', 'datasources', ...cdiSources]),
  allow(['create'], 'cdi.kubevirt.io', ['datavolumes/source']),
  allow(['*'], 'upload.cdi.kubevirt.io', ['uploadtokenrequests']),
  allow(['*'], 'forklift.cdi.kubevirt.io', cdiPopulators),
]

export const cdiRoles: readonly DefaultRole[] = [
  { name: 'cdi.kubevirt.io:admin', labels: { ...cdi, ...aggregateTo('admin') }, rules: cdiEdit },
  { name: 'cdi.kubevirt.io:edit', labels: { ...cdi, ...aggregateTo('edit') }, rules: cdiEdit },
  {
    name: 'cdi.kubevirt.io:view',
    labels: { ...cdi, ...aggregateTo('view') },
    rules: [
      allow(readVerbs, 'cdi.kubevirt.io', [
        'cdiconfigs',
        'dataimportcrons',
        'datasources',
        'datavolumes',
        'objecttransfers',
        'storageprofiles',
        ...cdiSources,
      ]),
      allow(readVerbs, 'forklift.cdi.kubevirt.io', cdiPopulators),
    ],
  },
  {
    name: 'cdi.kubevirt.io:clone-sourcer',
    labels: cdi,
    rules: [allow(['create'], 'cdi.kubevirt.io', ['datavolumes/source'])],
  },
  {
    name: 'cdi.kubevirt.io:config-reader',
    labels: cdi,
    rules: [allow(readVerbs, 'cdi.kubevirt.io', ['cdiconfigs', 'storageprofiles'])],
    groups: ['system:authenticated', 'system:serviceaccount'],
  },
]
