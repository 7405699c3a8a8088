import { aggregateTo, allow, allowPaths, allVerbs, type DefaultRole, readVerbs, writeVerbs } from './default-role'

/** Kubernetes' own default roles, those that mean something here (RBAC documentation, "Default roles and role bindings"). */

const labels = { 'kubernetes.io/bootstrapping': 'rbac-defaults' }
const apps = [
  'daemonsets',
  'deployments',
  'deployments/rollback',
  'deployments/scale',
  'replicasets',
  'replicasets/scale',
  'statefulsets',
  'statefulsets/scale',
]
const podCalls = ['pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy']

const edit: DefaultRole = {
  name: 'system:aggregate-to-edit',
  labels: { ...labels, ...aggregateTo('edit') },
  rules: [
    allow(readVerbs, '', [...podCalls, 'secrets', 'services/proxy']),
    allow(['impersonate'], '', ['serviceaccounts']),
    allow(writeVerbs, '', ['pods', ...podCalls]),
    allow(['create'], '', ['pods/eviction']),
    allow(writeVerbs, '', [
      'configmaps',
      'events',
      'persistentvolumeclaims',
      'replicationcontrollers',
      'replicationcontrollers/scale',
      'secrets',
      'serviceaccounts',
      'services',
      'services/proxy',
    ]),
    allow(['create'], '', ['serviceaccounts/token']),
    allow(writeVerbs, 'apps', apps),
    allow(writeVerbs, 'autoscaling', ['horizontalpodautoscalers']),
    allow(writeVerbs, 'batch', ['cronjobs', 'jobs']),
    allow(writeVerbs, 'policy', ['poddisruptionbudgets']),
    allow(writeVerbs, 'networking.k8s.io', ['ingresses', 'networkpolicies']),
    allow(allVerbs, 'coordination.k8s.io', ['leases']),
  ],
}

const view: DefaultRole = {
  name: 'system:aggregate-to-view',
  labels: { ...labels, ...aggregateTo('view') },
  rules: [
    allow(readVerbs, '', [
      'configmaps',
      'endpoints',
      'persistentvolumeclaims',
      'persistentvolumeclaims/status',
      'pods',
      'replicationcontrollers',
      'replicationcontrollers/scale',
      'serviceaccounts',
      'services',
      'services/status',
    ]),
    allow(readVerbs, '', [
      'bindings',
      'events',
      'limitranges',
      'namespaces/status',
      'pods/log',
      'pods/status',
      'replicationcontrollers/status',
      'resourcequotas',
      'resourcequotas/status',
    ]),
    allow(readVerbs, '', ['namespaces']),
    allow(readVerbs, 'discovery.k8s.io', ['endpointslices']),
    allow(readVerbs, 'apps', [
      'controllerrevisions',
      'daemonsets',
      'daemonsets/status',
      'deployments',
      'deployments/scale',
      'deployments/status',
      'replicasets',
      'replicasets/scale',
      'replicasets/status',
      'statefulsets',
      'statefulsets/scale',
      'statefulsets/status',
    ]),
    allow(readVerbs, 'autoscaling', ['horizontalpodautoscalers', 'horizontalpodautoscalers/status']),
    allow(readVerbs, 'batch', ['cronjobs', 'cronjobs/status', 'jobs', 'jobs/status']),
    allow(readVerbs, 'policy', ['poddisruptionbudgets', 'poddisruptionbudgets/status']),
    allow(readVerbs, 'networking.k8s.io', ['ingresses', 'ingresses/status', 'networkpolicies']),
  ],
}

function approver(signer: string): DefaultRole {
  return {
    name: `system:certificates.k8s.io:${signer}-approver`,
    labels,
    rules: [{ ...allow(['approve'], 'certificates.k8s.io', ['signers']), resourceNames: [`kubernetes.io/${signer}`] }],
  }
}

export const kubernetesRoles: readonly DefaultRole[] = [
  {
    name: 'cluster-admin',
    labels,
    rules: [allow(['*'], '*', ['*']), { verbs: ['*'], nonResourceURLs: ['*'] }],
    groups: ['system:masters'],
  },
  { name: 'admin', labels, collects: 'admin' },
  { name: 'edit', labels: { ...labels, ...aggregateTo('admin') }, collects: 'edit' },
  { name: 'view', labels: { ...labels, ...aggregateTo('edit') }, collects: 'view' },
  {
    name: 'system:aggregate-to-admin',
    labels: { ...labels, ...aggregateTo('admin') },
    rules: [
      allow(['create'], 'authorization.k8s.io', ['localsubjectaccessreviews']),
      allow(allVerbs, 'rbac.authorization.k8s.io', ['rolebindings', 'roles']),
    ],
  },
  edit,
  view,
  {
    name: 'system:auth-delegator',
    labels,
    rules: [
      allow(['create'], 'authentication.k8s.io', ['tokenreviews']),
      allow(['create'], 'authorization.k8s.io', ['subjectaccessreviews']),
    ],
  },
  {
    name: 'system:basic-user',
    labels,
    rules: [
      allow(['create'], 'authorization.k8s.io', ['selfsubjectaccessreviews', 'selfsubjectrulesreviews']),
      allow(['create'], 'authentication.k8s.io', ['selfsubjectreviews']),
    ],
    groups: ['system:authenticated'],
  },
  {
    name: 'system:discovery',
    labels,
    rules: [
      allowPaths(
        '/api',
        '/api/*',
        '/apis',
        '/apis/*',
        '/healthz',
        '/livez',
        '/openapi',
        '/openapi/*',
        '/readyz',
        '/version',
        '/version/',
      ),
    ],
    groups: ['system:authenticated'],
  },
  {
    name: 'system:monitoring',
    labels,
    rules: [
      allowPaths('/healthz', '/healthz/*', '/livez', '/livez/*', '/metrics', '/metrics/slis', '/readyz', '/readyz/*'),
    ],
    groups: ['system:monitoring'],
  },
  {
    name: 'system:public-info-viewer',
    labels,
    rules: [allowPaths('/healthz', '/livez', '/readyz', '/version', '/version/')],
    groups: ['system:authenticated', 'system:unauthenticated'],
  },
  {
    name: 'system:service-account-issuer-discovery',
    labels,
    rules: [allowPaths('/.well-known/openid-configuration', '/openid/v1/jwks')],
    groups: ['system:serviceaccounts'],
  },
  approver('kube-apiserver-client'),
]
