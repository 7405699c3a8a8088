import { isJsonObject, type JsonObject } from '@/contract/json'
import type { ApiObject } from '../api-object'
import { toKubeTime } from '../clock'
import {
  badRequest,
  conflict,
  type FieldError,
  invalid,
  invalidValue,
  notFound,
  unsupportedValue,
} from '../errors/status-error'
import { groupResource, resourceName } from '../registry/served-resource'
import type { Decision } from '../storage/change'
import { type ObjectKey, parseObject } from '../storage/log-entry'
import { hasEnded } from './update-object'
import { admissionRequest, changeOf, type WriteContext } from './write-context'

export interface DeleteOptions {
  gracePeriodSeconds: number | undefined
  propagationPolicy: 'Foreground' | 'Background' | 'Orphan' | undefined
  preconditions: { uid?: string | undefined; resourceVersion?: string | undefined }
}

export interface Deleted {
  /** The object's last state, or the state in which it waits for its end. */
  body: Buffer
  gone: boolean
}

/** Reads DeleteOptions from the body and the query, the body first. Throws 400. */
export function readDeleteOptions(body: unknown, query: URLSearchParams): DeleteOptions & { dryRun: boolean } {
  const options = isJsonObject(body) ? body : {}
  const preconditions = isJsonObject(options['preconditions']) ? options['preconditions'] : {}
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)
  return {
    gracePeriodSeconds: readGracePeriod(options['gracePeriodSeconds'] ?? query.get('gracePeriodSeconds')),
    propagationPolicy: readPolicy(options, query),
    preconditions: { uid: text(preconditions['uid']), resourceVersion: text(preconditions['resourceVersion']) },
    dryRun: Array.isArray(options['dryRun']) && options['dryRun'].includes('All'),
  }
}

function readGracePeriod(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  if (!Number.isSafeInteger(Number(value))) throw badRequest('gracePeriodSeconds must be a number')
  return Math.max(0, Number(value))
}

const policies = ['Foreground', 'Background', 'Orphan'] as const

function readPolicy(options: JsonObject, query: URLSearchParams): DeleteOptions['propagationPolicy'] {
  const field = 'propagationPolicy'
  const given = options[field] ?? query.get(field) ?? undefined
  const orphan = options['orphanDependents'] ?? query.get('orphanDependents') ?? undefined
  if (given === undefined) return orphan === true || orphan === 'true' ? 'Orphan' : undefined
  const refuse = (error: FieldError) => invalid({ group: 'meta.k8s.io', name: 'DeleteOptions' }, '', [error])
  if (orphan !== undefined) {
    throw refuse(invalidValue(field, given, 'orphanDependents and deletionPropagation cannot be both set'))
  }
  const policy = policies.find((known) => known === given)
  if (policy !== undefined) return policy
  throw refuse(unsupportedValue(field, given, [...policies, 'nil']))
}

/**
 * Decides a delete: an object with finalizers or a grace period is marked and lives on until those are over. The
 * propagation policy is recorded as finalizers for the garbage collector.
 */
export function decideDelete(
  context: WriteContext,
  key: ObjectKey,
  options: DeleteOptions,
  revision: number,
): Decision<Deleted> {
  const { api, target } = context
  const { resource } = target
  const entry = api.store.get(key)
  if (!entry) throw notFound(groupResource(resource), key.name)
  // Stored bodies are objects with metadata.
  const object = parseObject(entry.body) as ApiObject
  checkPreconditions(context, object, options)
  api.admission.validate(
    resourceName(resource),
    admissionRequest(context, { operation: 'DELETE', subresource: '', object: undefined, old: object }),
  )
  const changed = mark(context, object, options)
  const gone = hasEnded(context, object)
  if (!gone && !changed) return { value: { body: entry.body, gone: false } }
  if (!context.options.dryRun) object.metadata.resourceVersion = String(revision)
  const change = changeOf(target, object, gone ? 'delete' : 'put')
  const value = { body: change.body, gone }
  return context.options.dryRun ? { value } : { change, value }
}

function checkPreconditions({ target }: WriteContext, object: ApiObject, { preconditions }: DeleteOptions): void {
  const { name, uid, resourceVersion } = object.metadata
  const resource = groupResource(target.resource)
  if (preconditions.uid !== undefined && preconditions.uid !== uid) {
    throw conflict(
      resource,
      name,
      `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    )
  }
  if (preconditions.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion) {
    throw conflict(
      resource,
      name,
      `the ResourceVersion in the precondition (${preconditions.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    )
  }
}

const policyFinalizers = { Foreground: 'foregroundDeletion', Orphan: 'orphan' } as const

/** Marks the object as being deleted; false when it already was and nothing changed. */
function mark({ api, target }: WriteContext, object: ApiObject, options: DeleteOptions): boolean {
  const { strategy } = target.resource
  const { metadata } = object
  const before = JSON.stringify(object)
  const grace = strategy.gracePeriod?.(object, options.gracePeriodSeconds)
  if (metadata.deletionTimestamp === undefined) {
    applyPolicy(object, options.propagationPolicy)
    const end = new Date(api.clock.now().getTime() + (grace ?? 0) * 1000)
    metadata.deletionTimestamp = toKubeTime(end)
    metadata.deletionGracePeriodSeconds = grace ?? 0
    if (metadata.generation !== undefined) metadata.generation++
    strategy.beginDelete?.(object)
  } else if ((grace ?? 0) < (metadata.deletionGracePeriodSeconds ?? 0)) {
    metadata.deletionGracePeriodSeconds = grace ?? 0
  }
  return JSON.stringify(object) !== before
}

function applyPolicy({ metadata }: ApiObject, policy: DeleteOptions['propagationPolicy']): void {
  if (policy === undefined) return
  const own: string[] = Object.values(policyFinalizers)
  const others = (metadata.finalizers ?? []).filter((finalizer) => !own.includes(finalizer))
  const finalizers = policy === 'Background' ? others : [...others, policyFinalizers[policy]]
  if (finalizers.length > 0) metadata.finalizers = finalizers
  else delete metadata.finalizers
}
