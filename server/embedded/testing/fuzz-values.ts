import fc from 'fast-check'
import { configMaps, virtualMachines } from './start-test-server'

/** What the fuzz test sends: mostly things that look almost right. */

export const methods = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'REPORT')
export const collections = fc.constantFrom(
  configMaps,
  virtualMachines,
  '/api/v1/namespaces',
  '/api/v1/namespaces/default/pods',
  '/api/v1/namespaces/default/secrets',
  '/api/v1/namespaces/default/services',
  '/api/v1/namespaces/default/resourcequotas',
  '/api/v1/namespaces/default/limitranges',
  '/api/v1/namespaces/default/persistentvolumeclaims',
  '/api/v1/namespaces/default/events',
  '/apis/apps/v1/namespaces/default/deployments',
  '/apis/cdi.kubevirt.io/v1beta1/namespaces/default/datavolumes',
  '/apis/kubevirt.io/v1/namespaces/default/virtualmachineinstances',
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies',
  '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings',
  '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings',
  '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
  '/apis/authorization.k8s.io/v1/subjectaccessreviews',
  '/apis/authentication.k8s.io/v1/tokenreviews',
  '/api/v1/namespaces/default/serviceaccounts/default/token',
)
export const paths = fc.oneof(
  fc
    .tuple(collections, fc.constantFrom('', '/target', '/missing', '/target/status', '/a/b/c', '/%00', '/%'))
    .map(([collection, rest]) => collection + rest),
  fc
    .array(fc.oneof(fc.constantFrom('api', 'apis', 'v1', 'namespaces', 'openapi', 'v3', '..', ''), fc.webSegment()), {
      maxLength: 8,
    })
    .map((parts) => `/${parts.join('/')}`),
  fc.webPath().map((path) => (path.startsWith('/') ? path : `/${path}`)),
)
export const queries = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        'limit',
        'continue',
        'resourceVersion',
        'resourceVersionMatch',
        'labelSelector',
        'fieldSelector',
        'dryRun',
        'fieldManager',
        'fieldValidation',
        'force',
        'pretty',
        'timeoutSeconds',
        'gracePeriodSeconds',
        'propagationPolicy',
        'orphanDependents',
        'includeObject',
        'sendInitialEvents',
      ),
      fc.oneof(
        fc.constantFrom(
          '',
          '0',
          '1',
          '-1',
          'true',
          'All',
          'Exact',
          'NotOlderThan',
          'Strict',
          'a=b',
          'a in (b',
          '!',
          '9'.repeat(30),
        ),
        fc.string({ maxLength: 40 }),
      ),
    ),
    { maxLength: 4 },
  )
  .map((pairs) => pairs.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&'))
export const types = fc.constantFrom(
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
  'text/plain',
  '',
)

/** Values that look like what fields hold, and some that do not. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1e308, '', 'a', '1Gi', [], {}, [null], { '': null }, '\u0000', '\ud800'),
  fc.jsonValue({ maxDepth: 3 }),
)
export const fields = [
  'apiVersion',
  'kind',
  'metadata',
  'spec',
  'status',
  'data',
  'binaryData',
  'stringData',
  'type',
  'name',
  'namespace',
  'labels',
  'annotations',
  'finalizers',
  'ownerReferences',
  'managedFields',
  'generateName',
  'resourceVersion',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'generation',
  'template',
  'domain',
  'devices',
  'disks',
  'interfaces',
  'networks',
  'volumes',
  'memory',
  'cpu',
  'resources',
  'requests',
  'limits',
  'storage',
  'hard',
  'scopes',
  'ports',
  'selector',
  'containers',
  'rules',
  'verbs',
  'subjects',
  'roleRef',
  'versions',
  'names',
  'schema',
  'openAPIV3Schema',
  'properties',
  'validations',
  'expression',
  'matchConstraints',
  'resourceRules',
  'paramRef',
  'runStrategy',
  'running',
  'dataVolumeTemplates',
  'source',
  'pvc',
  'accessModes',
  'instancetype',
  'preference',
  '$patch',
  '$setElementOrder/a',
  '__proto__',
  'constructor',
]
export const shaped = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'medium' },
    odd,
    fc.dictionary(fc.constantFrom(...fields), tie('value'), { maxKeys: 6 }),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
})).value

const kinds: Readonly<Record<string, [string, string]>> = {
  configmaps: ['v1', 'ConfigMap'],
  virtualmachines: ['kubevirt.io/v1', 'VirtualMachine'],
  virtualmachineinstances: ['kubevirt.io/v1', 'VirtualMachineInstance'],
  datavolumes: ['cdi.kubevirt.io/v1beta1', 'DataVolume'],
  namespaces: ['v1', 'Namespace'],
  pods: ['v1', 'Pod'],
  secrets: ['v1', 'Secret'],
  services: ['v1', 'Service'],
  resourcequotas: ['v1', 'ResourceQuota'],
  limitranges: ['v1', 'LimitRange'],
  persistentvolumeclaims: ['v1', 'PersistentVolumeClaim'],
  events: ['v1', 'Event'],
  deployments: ['apps/v1', 'Deployment'],
  customresourcedefinitions: ['apiextensions.k8s.io/v1', 'CustomResourceDefinition'],
  validatingadmissionpolicies: ['admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicy'],
  validatingadmissionpolicybindings: ['admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicyBinding'],
  clusterroles: ['rbac.authorization.k8s.io/v1', 'ClusterRole'],
  rolebindings: ['rbac.authorization.k8s.io/v1', 'RoleBinding'],
}

export function kindOf(path: string): object {
  const [apiVersion, kind] = kinds[path.split('/').at(-1) ?? ''] ?? ['v1', 'ConfigMap']
  return { apiVersion, kind }
}
