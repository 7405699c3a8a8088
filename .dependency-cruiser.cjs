/** Arrows between the rooms point one way (docs/architecture.md); types count as imports too. */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: '^(app|components|contract|server)/', pathNot: allowed },
})

const certificates = '^server/home/certificates\\.ts$'

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    only('contract-imports-nothing', '^contract/', '^contract/', 'The contract is isomorphic and has no I/O.'),
    only(
      'components-import-contract',
      '^components/',
      '^(components|contract)/',
      'Components never import the server.',
    ),
    only(
      'app-imports-components',
      '^app/',
      '^(app|components|contract)/',
      'Next bundles a module once per entry: no server state there.',
    ),
    only(
      'ui-knows-no-kubernetes',
      '^components/ui/',
      '^components/ui/',
      'components/ui are wrappers that know no Kubernetes.',
    ),
    only('server-imports-contract', '^server/', '^(server|contract)/', 'The server never imports the browser side.'),
    only(
      'embedded-never-imports-operator',
      '^server/embedded/',
      `^(contract/|server/embedded/)|${certificates}`,
      'The API server stores and notifies.',
    ),
    only(
      'engine-meets-through-the-client',
      '^server/operator/',
      '^(contract/|server/operator/|server/cluster/)',
      'Controllers see the API only through the client.',
    ),
    only(
      'hypervisor-knows-no-kubernetes',
      '^server/hypervisor/',
      `^server/(hypervisor/|operator/engine/hypervisor-port)|${certificates}`,
      'The hypervisor implements the port that the engine declares.',
    ),
    only(
      'cluster-is-a-leaf',
      '^server/cluster/',
      `^(contract/|server/cluster/)|${certificates}`,
      'Connections know only the contract.',
    ),
    only(
      'proxy-uses-connections',
      '^server/(proxy|consoles|inventory)/',
      '^(contract/|server/(proxy|consoles|inventory|cluster)/)',
      'Gateway parts meet in server/http and main.ts.',
    ),
    only(
      'audit-records-calls',
      '^server/audit/',
      '^(contract/|server/(audit|proxy|cluster)/)',
      'The record knows calls and callers; server/http joins it with the rest.',
    ),
    only(
      'records-know-no-caller',
      '^server/records/',
      '^(contract/|server/(records|cluster)/|server/embedded/testing/)',
      'Whoever keeps something brings its own shape.',
    ),
    only(
      'peers-pass-on',
      '^server/peers/',
      `^(contract/|server/(peers|records|cluster)/|server/http/listen)|${certificates}`,
      'Replicas find each other by records and pass requests on as they came.',
    ),
    only(
      'connections-are-asked',
      '^server/connections/(?!.*\\.(test|fixture)\\.ts$)',
      '^(contract/|server/(connections|cluster|proxy|records)/)',
      'The registry of clusters knows neither who serves it nor what runs.',
    ),
    {
      name: 'certificates-serve-tests',
      comment: 'Rooms get certificates handed in; only their tests make some.',
      severity: 'error',
      from: { path: '^server/(embedded|hypervisor|cluster|peers)/', pathNot: '\\.test\\.ts$|/testing/' },
      to: { path: certificates },
    },
    {
      name: 'contract-is-pure',
      severity: 'error',
      from: { path: '^contract/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev'], pathNot: 'node_modules/(zod|yaml|ipaddr\\.js|rfc6902)/' },
    },
    {
      name: 'tests-are-leaves',
      severity: 'error',
      from: { pathNot: '\\.test\\.tsx?$|^e2e/' },
      to: { path: '\\.test\\.tsx?$|^e2e/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
}
