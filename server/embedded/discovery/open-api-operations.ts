import type { ServedResource, Target } from '../registry/served-resource'
import { apiVersion } from '../registry/served-resource'

/** The calls that a kind answers, in no version of OpenAPI in particular. */

export interface QueryParameter {
  name: string
  type: 'string' | 'integer' | 'boolean'
  description: string
}

export interface Operation {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** As in `x-kubernetes-action`. */
  action: 'list' | 'get' | 'post' | 'put' | 'patch' | 'delete' | 'deletecollection'
  id: string
  description: string
  query: readonly QueryParameter[]
  /** Content types of the body; empty for none. */
  consumes: readonly string[]
  /** Names of definitions. */
  body?: string
  answer: string
  codes: readonly number[]
  /** The kind it is about. */
  kind: { group: string; version: string; kind: string }
}

export interface PathItem {
  path: string
  /** Parts of the path that are variables. */
  variables: readonly { name: string; description: string }[]
  operations: readonly Operation[]
}

export const metaPackage = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const status = `${metaPackage}.Status`
const deleteOptions = `${metaPackage}.DeleteOptions`
const scale = 'io.k8s.api.autoscaling.v1.Scale'
const patchBody = `${metaPackage}.Patch`

const text = (name: string, description: string): QueryParameter => ({ name, type: 'string', description })
const dryRun = text('dryRun', 'All: everything is checked, nothing is stored.')
const selectors = [
  text('fieldSelector', 'Selects objects by their fields.'),
  text('labelSelector', 'Selects objects by their labels.'),
]
const resourceVersion = text('resourceVersion', 'The version from which a list or watch is answered.')
const listQuery: readonly QueryParameter[] = [
  { name: 'allowWatchBookmarks', type: 'boolean', description: 'Asks a watch for events of type BOOKMARK.' },
  text('continue', 'Where a list that was cut short goes on.'),
  ...selectors,
  { name: 'limit', type: 'integer', description: 'The most objects that a list answers at once.' },
  resourceVersion,
  text('resourceVersionMatch', 'How the version of a list is to be met.'),
  { name: 'sendInitialEvents', type: 'boolean', description: 'Asks a watch to begin with what there is.' },
  { name: 'timeoutSeconds', type: 'integer', description: 'How long a list or watch may take.' },
  { name: 'watch', type: 'boolean', description: 'Asks for a stream of changes instead of a list.' },
]
const writeQuery: readonly QueryParameter[] = [
  dryRun,
  text('fieldManager', 'The name of who or what makes the change.'),
  text('fieldValidation', 'What becomes of unknown and duplicate fields: Ignore, Warn or Strict.'),
]
const deleteQuery: readonly QueryParameter[] = [
  dryRun,
  { name: 'gracePeriodSeconds', type: 'integer', description: 'Seconds until the object is deleted.' },
  { name: 'orphanDependents', type: 'boolean', description: 'Deprecated: use propagationPolicy.' },
  text('propagationPolicy', 'What becomes of dependents: Orphan, Background or Foreground.'),
]
const forceQuery: QueryParameter = {
  name: 'force',
  type: 'boolean',
  description: 'Lets an apply take fields over that others own.',
}
const bodyTypes = ['application/json', 'application/yaml']

const nameVariable = (kind: string) => ({ name: 'name', description: `name of the ${kind}` })
const namespaceVariable = {
  name: 'namespace',
  description: 'object name and auth scope, such as for teams and projects',
}

/** All paths of a kind in one version. `definition` is the name of its definition. */
export function pathsOf(target: Target, definition: string): PathItem[] {
  const { resource, version } = target
  const root = resource.group === '' ? `/api/${version.name}` : `/apis/${apiVersion(resource.group, version.name)}`
  const own = resource.namespaced ? `${root}/namespaces/{namespace}/${resource.plural}` : `${root}/${resource.plural}`
  const scope = resource.namespaced ? [namespaceVariable] : []
  const calls = callsOf(target, definition)
  const object = { variables: [nameVariable(resource.kind), ...scope] }
  const subresources = [
    ...(version.statusSubresource ? ['status'] : []),
    ...(isNamespace(resource) ? ['finalize'] : []),
    ...(resource.group === 'certificates.k8s.io' ? ['approval'] : []),
    ...(version.scale ? ['scale'] : []),
  ]
  return [
    { path: own, variables: scope, operations: [calls.list(''), calls.create(), calls.deleteCollection()] },
    { path: `${own}/{name}`, ...object, operations: calls.object('') },
    ...subresources.map((name) => ({
      path: `${own}/{name}/${name}`,
      ...object,
      operations: calls
        .object(name)
        .filter(({ method }) => method !== 'delete')
        .map((operation) => (name === 'scale' ? aboutScale(operation) : operation)),
    })),
    ...(resource.namespaced
      ? [{ path: `${root}/${resource.plural}`, variables: [], operations: [calls.list('ForAllNamespaces')] }]
      : []),
  ]
}

/** What is sent and answered is a Scale, whatever the kind. */
function aboutScale(operation: Operation): Operation {
  return {
    ...operation,
    answer: scale,
    ...(operation.method === 'put' ? { body: scale } : {}),
    kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
  }
}

function isNamespace({ group, plural }: ServedResource): boolean {
  return group === '' && plural === 'namespaces'
}

function callsOf({ resource, version }: Target, definition: string) {
  const kind = { group: resource.group, version: version.name, kind: resource.kind }
  const inGroup = `${identifier(resource.group)}${capital(version.name)}`
  const scope = resource.namespaced ? 'Namespaced' : ''
  const base = { kind, answer: definition, codes: [200], query: [], consumes: [] }
  return {
    list: (suffix: string): Operation => ({
      ...base,
      method: 'get',
      action: 'list',
      id: `list${inGroup}${suffix === '' ? scope : ''}${resource.kind}${suffix}`,
      description: `list or watch objects of kind ${resource.kind}`,
      query: listQuery,
      answer: `${definition}List`,
    }),
    create: (): Operation => ({
      ...base,
      method: 'post',
      action: 'post',
      id: `create${inGroup}${scope}${resource.kind}`,
      description: `create a ${resource.kind}`,
      query: writeQuery,
      consumes: bodyTypes,
      body: definition,
      codes: [200, 201, 202],
    }),
    deleteCollection: (): Operation => ({
      ...base,
      method: 'delete',
      action: 'deletecollection',
      id: `delete${inGroup}Collection${scope}${resource.kind}`,
      description: `delete collection of ${resource.kind}`,
      query: [...listQuery.filter(({ name }) => name !== 'watch' && name !== 'allowWatchBookmarks'), ...deleteQuery],
      consumes: bodyTypes,
      body: deleteOptions,
      answer: status,
    }),
    object: (subresource: string): Operation[] => {
      const of = subresource === '' ? 'the specified' : `${subresource} of the specified`
      const name = `${inGroup}${scope}${resource.kind}${capital(subresource)}`
      return [
        {
          ...base,
          method: 'get',
          action: 'get',
          id: `read${name}`,
          description: `read ${of} ${resource.kind}`,
          query: [resourceVersion],
        },
        {
          ...base,
          method: 'put',
          action: 'put',
          id: `replace${name}`,
          description: `replace ${of} ${resource.kind}`,
          query: writeQuery,
          consumes: bodyTypes,
          body: definition,
          codes: [200, 201],
        },
        {
          ...base,
          method: 'patch',
          action: 'patch',
          id: `patch${name}`,
          description: `partially update ${of} ${resource.kind}`,
          query: [...writeQuery, forceQuery],
          consumes: patchTypes(resource),
          body: patchBody,
          codes: [200, 201],
        },
        {
          ...base,
          method: 'delete',
          action: 'delete',
          id: `delete${name}`,
          description: `delete a ${resource.kind}`,
          query: deleteQuery,
          consumes: bodyTypes,
          body: deleteOptions,
          answer: status,
          codes: [200, 202],
        },
      ]
    },
  }
}

/** Custom kinds have no merge keys that a strategic merge could go by. */
function patchTypes({ origin }: ServedResource): string[] {
  return [
    'application/apply-patch+yaml',
    'application/json-patch+json',
    'application/merge-patch+json',
    ...(origin === 'built-in' ? ['application/strategic-merge-patch+json'] : []),
  ]
}

/** `Core`, `Apps`, `KubevirtIo`. */
function identifier(group: string): string {
  return group === ''
    ? 'Core'
    : group
        .replace(/\.k8s\.io$/, '')
        .split(/[.-]/)
        .map(capital)
        .join('')
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1)
}
