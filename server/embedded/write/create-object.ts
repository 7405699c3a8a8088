import { randomInt, randomUUID } from 'node:crypto'
import { isJsonObject } from '@/contract/json'
import type { ApiObject, ManagedFieldsEntry } from '../api-object'
import { trackWrite } from '../apply/managed-fields'
import { toKubeTime } from '../clock'
import {
  alreadyExists,
  forbidden,
  internalError,
  invalid,
  methodNotAllowed,
  notFound,
  StatusError,
} from '../errors/status-error'
import { groupKind, groupResource, resourceName } from '../registry/served-resource'
import type { Decision } from '../storage/change'
import { metadataErrors } from './metadata-rules'
import { conform, schemaErrors } from './schema-step'
import { admissionRequest, changeOf, type WriteContext } from './write-context'

export interface Written {
  /** The object as stored. */
  body: Buffer
  created: boolean
}

const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789'
const suffixLength = 5
const generatedPrefixLimit = 63 - suffixLength
const nameAttempts = 8

/**
 * Decides a create: runs inside the store's write. `owners` are the managedFields of an object that an apply creates.
 * Throws what the client gets to see.
 */
export function decideCreate(
  context: WriteContext,
  object: ApiObject,
  revision: number,
  owners?: ManagedFieldsEntry[],
): Decision<Written> {
  const { api, target, options } = context
  const { resource } = target
  if (resource.terminating) throw methodNotAllowed(groupResource(resource), 'create')
  if (object.metadata.resourceVersion) throw internalError('resourceVersion should not be set on objects to be created')
  checkNamespace(context, object)
  nameIt(context, object)
  if (exists(context, object.metadata.name, object)) throw alreadyExists(groupResource(resource), object.metadata.name)
  conform(target, object)
  initialise(context, object)
  const request = admissionRequest(context, { operation: 'CREATE', subresource: '', object, old: undefined })
  api.admission.mutate(resourceName(resource), request)
  const errors = [
    ...metadataErrors(object, resource),
    ...(resource.strategy.validate?.(object) ?? []),
    ...schemaErrors(target, object),
  ]
  if (errors.length > 0) throw invalid(groupKind(resource), object.metadata.name ?? '', errors)
  api.admission.validate(resourceName(resource), request)
  if (owners) object.metadata.managedFields = owners
  else trackWrite({ context, object, old: undefined, subresource: '' })
  if (!options.dryRun) object.metadata.resourceVersion = String(revision)
  const change = changeOf(target, object, 'put')
  const value = { body: change.body, created: true }
  return options.dryRun ? { value } : { change, value }
}

function exists({ api, target }: WriteContext, name: string, object: ApiObject): boolean {
  const key = { resource: resourceName(target.resource), namespace: object.metadata.namespace ?? '', name }
  return api.store.revisionOf(key) !== undefined
}

function nameIt(context: WriteContext, object: ApiObject): void {
  const { metadata } = object
  if (metadata.name || !metadata.generateName) return
  const prefix = metadata.generateName.slice(0, generatedPrefixLimit)
  for (let attempt = 0; attempt < nameAttempts; attempt++) {
    metadata.name = prefix + randomSuffix()
    if (!exists(context, metadata.name, object)) return
  }
}

function randomSuffix(): string {
  return Array.from({ length: suffixLength }, () => suffixAlphabet.charAt(randomInt(suffixAlphabet.length))).join('')
}

/** The fields that are the server's to set. */
function initialise({ api, target }: WriteContext, object: ApiObject): void {
  const { metadata } = object
  const { strategy } = target.resource
  metadata.uid = randomUUID()
  metadata.creationTimestamp = toKubeTime(api.clock.now())
  delete metadata.deletionTimestamp
  delete metadata.deletionGracePeriodSeconds
  delete metadata.selfLink
  delete metadata.resourceVersion
  delete metadata.generation
  if (strategy.generation === 'always') metadata.generation = 1
  if (target.version.statusSubresource && !strategy.keepsStatusOnCreate) delete object['status']
  strategy.prepareForCreate?.(object)
}

/** Nothing is created in a namespace that is missing or going. */
function checkNamespace({ api, target }: WriteContext, object: ApiObject): void {
  const { namespace } = object.metadata
  if (!target.resource.namespaced || namespace === undefined) return
  const revision = api.store.revisionOf({ resource: 'namespaces', namespace: '', name: namespace })
  if (revision === undefined) throw notFound({ group: '', name: 'namespaces' }, namespace)
  if (!api.goingNamespaces.of(revision)) return
  const name = object.metadata.name ?? ''
  const error = forbidden(
    groupResource(target.resource),
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  )
  throw new StatusError({
    ...error.status,
    details: {
      ...error.status.details,
      causes: [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    },
  })
}

export function isTerminating(namespace: ApiObject): boolean {
  const status = namespace['status']
  return (
    namespace.metadata.deletionTimestamp !== undefined || (isJsonObject(status) && status['phase'] === 'Terminating')
  )
}
