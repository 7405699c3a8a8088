import { type CustomResourceDefinition, customResourceDefinitionKind } from '@/contract/kinds/core'
import type { ApiContext } from '../api-context'
import { isAccepted } from '../registry/definition'
import { resourceName, type ServedResource } from '../registry/served-resource'
import { type LogEntry, parseObject } from '../storage/log-entry'
import { cleanupFinalizer } from '../strategies/custom-resource-definition'
import { decideDelete } from '../write/delete-object'
import { decideUpdate, type Update } from '../write/update-object'
import { builtInTarget, serverWrite, unlessGone } from './bootstrap'

const definitions = resourceName(customResourceDefinitionKind)

/**
 * Makes the registry follow the stored definitions: served in the turn that commits them, and when one is deleted, its
 * objects go first. Returns what stops it.
 */
export function followDefinitions(api: ApiContext): () => void {
  const clean = (resource: ServedResource): void => {
    cleanUp(api, resource).catch((error: unknown) => {
      api.log.error(
        { err: error, resource: resourceName(resource) },
        'cannot remove the objects of a deleted definition',
      )
    })
  }
  for (const { revision } of api.store.snapshot({ resource: definitions })) {
    const entry = api.store.entry(revision)
    if (entry) define(api, entry)
  }
  // What a stop interrupted goes on.
  for (const resource of terminating(api)) clean(resource)
  return api.store.onCommit((entries) => {
    for (const entry of entries) {
      if (entry.resource === definitions) {
        if (entry.type === 'delete') {
          api.registry.undefine(entry.name)
          api.hub.drop(entry.name)
        } else define(api, entry)
      }
    }
    const touched = new Set(entries.map(({ resource, name }) => (resource === definitions ? name : resource)))
    if (entries.some(({ resource, type }) => resource === definitions && type === 'delete')) serveWaiting(api)
    for (const resource of terminating(api)) if (touched.has(resourceName(resource))) clean(resource)
  })
}

function define(api: ApiContext, entry: LogEntry): void {
  // Checked by the kind's strategy before it was stored.
  api.registry.define(parseObject(entry.body) as unknown as CustomResourceDefinition)
}

/** Names that became free may be those that another definition waits for. */
function serveWaiting(api: ApiContext): void {
  for (const { revision, name } of api.store.snapshot({ resource: definitions })) {
    const entry = api.store.entry(revision)
    // Checked by the kind's strategy before it was stored.
    if (!entry || isAccepted(parseObject(entry.body) as unknown as CustomResourceDefinition)) continue
    const update: Update = {
      key: { resource: definitions, namespace: '', name },
      subresource: '',
      mustNameVersion: false,
      produce: (old) => old,
    }
    const context = serverWrite(api, builtInTarget(api, customResourceDefinitionKind))
    unlessGone(api.store.write((at) => decideUpdate(context, update, at))).catch((error: unknown) => {
      api.log.error({ err: error, definition: name }, 'cannot serve a definition whose names became free')
    })
  }
}

function terminating(api: ApiContext): ServedResource[] {
  return api.registry.resources().filter((resource) => resource.terminating)
}

/** Deletes every object; when none is left, lets the definition go. Objects with finalizers bring us here again. */
async function cleanUp(api: ApiContext, resource: ServedResource): Promise<void> {
  const name = resourceName(resource)
  const [version] = resource.versions
  if (version) {
    const context = serverWrite(api, { resource, version })
    const options = { gracePeriodSeconds: 0, propagationPolicy: undefined, preconditions: {} }
    await Promise.all(
      api.store
        .snapshot({ resource: name })
        .map(({ namespace, name: object }) =>
          unlessGone(
            api.store.write((revision) =>
              decideDelete(context, { resource: name, namespace, name: object }, options, revision),
            ),
          ),
        ),
    )
  }
  if (api.store.count({ resource: name }) > 0) return
  const key = { resource: definitions, namespace: '', name }
  await unlessGone(
    api.store.write((revision) =>
      decideUpdate(
        serverWrite(api, builtInTarget(api, customResourceDefinitionKind)),
        {
          key,
          subresource: '',
          mustNameVersion: false,
          produce: (old) => ({
            ...old,
            metadata: {
              ...old.metadata,
              finalizers: (old.metadata.finalizers ?? []).filter((finalizer) => finalizer !== cleanupFinalizer),
            },
          }),
        },
        revision,
      ),
    ),
  )
}
