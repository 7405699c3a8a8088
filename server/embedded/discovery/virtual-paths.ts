import { apiVersion } from '../registry/served-resource'
import type { Operation, PathItem } from './open-api-operations'
import type { SchemaFiles } from './schema-files'
import type { VirtualGroup, VirtualResource } from './virtual-groups'

interface Wanted {
  virtualGroups: readonly VirtualGroup[]
  files: SchemaFiles
  group: string
  version: string
}

/** The paths of calls that store nothing, as far as they have a definition: what one posts to ask. */
export function virtualPaths({ virtualGroups, files, group, version }: Wanted): PathItem[] {
  return virtualGroups
    .filter(({ name, versions }) => name === group && versions.includes(version))
    .flatMap(({ resources }) => resources)
    .flatMap((resource) => {
      const definition = files.nameOf({ group, version, kind: resource.kind })
      return definition === undefined ? [] : [reviewPath({ resource, definition, group, version })]
    })
}

interface Review {
  resource: VirtualResource
  definition: string
  group: string
  version: string
}

function reviewPath({ resource, definition, group, version }: Review): PathItem {
  const root = `/apis/${apiVersion(group, version)}`
  const create: Operation = {
    method: 'post',
    action: 'post',
    id: `create${resource.kind}`,
    description: `create a ${resource.kind}`,
    query: [],
    consumes: ['application/json', 'application/yaml'],
    body: definition,
    answer: definition,
    codes: [200, 201, 202],
    kind: { group, version, kind: resource.kind },
  }
  return {
    path: resource.namespaced ? `${root}/namespaces/{namespace}/${resource.name}` : `${root}/${resource.name}`,
    variables: resource.namespaced
      ? [{ name: 'namespace', description: 'object name and auth scope, such as for teams and projects' }]
      : [],
    operations: [create],
  }
}
