import type { ResourceCall } from '../api-context'
import type { ApiObject } from '../api-object'
import { applyTo, firstOwner } from '../apply/managed-fields'
import { badRequest, conflict, invalid } from '../errors/status-error'
import { isTrue } from '../http/request-info'
import { groupResource } from '../registry/served-resource'
import { decideCreate } from '../write/create-object'
import { decodeObject } from '../write/decode-object'
import { type Repetition, refuseUndeclared, reportRepeated } from '../write/unknown-fields'
import { decideUpdate } from '../write/update-object'
import { keyOf, writeContext } from '../write/write-context'
import { addWarnings, sendObject } from './send-object'
import type { WritableSubresource } from './subresource'

/** Server-side apply: the object becomes what its manager says, and the manager owns what it said. */
export async function applyObject(
  call: ResourceCall,
  subresource: WritableSubresource,
  { patch, repeated }: { patch: unknown; repeated: readonly Repetition[] },
): Promise<void> {
  const { target, info, query } = call
  if (!query.get('fieldManager')) {
    throw invalid({ group: 'meta.k8s.io', name: 'PatchOptions' }, '', [
      { reason: 'FieldValueRequired', field: 'fieldManager', detail: 'Required value: is required for apply patch' },
    ])
  }
  const decoded = decodeObject(patch, { target, namespace: info.namespace, name: info.name })
  refuseUndeclared(target, decoded)
  const applied = withoutOthersPart(decoded, subresource, target.version.statusSubresource)
  if (applied.metadata.managedFields?.length) throw badRequest('metadata.managedFields must be nil')
  const context = writeContext(call)
  reportRepeated(repeated, context)
  const force = isTrue(query.get('force'))
  const createMissing = (revision: number) => {
    const { uid } = applied.metadata
    if (uid) {
      throw conflict(
        groupResource(target.resource),
        info.name,
        `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
      )
    }
    return decideCreate(
      context,
      { ...applied, metadata: { ...applied.metadata } },
      revision,
      firstOwner(context, applied),
    )
  }
  const written = await call.api.store.write((revision) =>
    decideUpdate(
      context,
      {
        key: keyOf(call),
        subresource,
        produce: (live) => applyTo(context, live, applied, { force, subresource }),
        mustNameVersion: false,
        applied: true,
        ...(subresource === '' ? { createMissing } : {}),
      },
      revision,
    ),
  )
  addWarnings(call, context.warnings)
  await sendObject(call, written.created ? 201 : 200, written.body)
}

/** Nobody comes to own fields that this endpoint does not write. */
function withoutOthersPart(applied: ApiObject, subresource: WritableSubresource, statusApart: boolean): ApiObject {
  const { apiVersion, kind, metadata, status, ...rest } = applied
  if (subresource === 'status') {
    const { name, namespace, uid, resourceVersion } = metadata
    const named = Object.entries({ name, namespace, uid, resourceVersion }).filter(([, value]) => value !== undefined)
    // What names the object is all that is left of its metadata.
    return { apiVersion, kind, metadata: Object.fromEntries(named) as unknown as ApiObject['metadata'], status }
  }
  return statusApart || status === undefined ? { apiVersion, kind, metadata, ...rest } : applied
}
