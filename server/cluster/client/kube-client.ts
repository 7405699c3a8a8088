import { apiVersionOf, type Kind, type ResourceLocation, resourcePath } from '@/contract/kinds/kind'
import type { KubeList, KubeObject, ObjectRef } from '@/contract/kube-object'
import type { Connection, Identity } from '../connection'
import {
  ApiError,
  type KubeClient,
  type ListOptions,
  type Patch,
  type WatchOptions,
  type WriteOptions,
} from '../kube-client'
import { type CallContext, send, sendForBody } from './api-call'
import { readWatch } from './watch-stream'

export interface KubeClientOptions {
  identity: Identity
  /** How the client names itself to the server, e.g. in audit logs. */
  userAgent?: string
  /** How long an ordinary call may take; 60 s when left out. */
  timeoutMs?: number
}

const patchTypes = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
} as const satisfies Record<Patch['type'], string>

/**
 * A KubeClient over any connection with one identity. Rejects with `ApiError` for what the server refused and with the
 * transport's own error otherwise. An aborted signal ends a watch quietly and rejects an ordinary call.
 */
export function createKubeClient(connection: Connection, options: KubeClientOptions): KubeClient {
  const context: CallContext = {
    connection,
    identity: options.identity,
    userAgent: options.userAgent ?? 'chiave',
    timeoutMs: options.timeoutMs ?? 60_000,
  }

  // The server answers with objects of the kind that was asked for; nothing above checks them again at run time.
  const object = async <T extends KubeObject>(call: Promise<unknown>): Promise<T> => (await call) as T

  const write = <T extends KubeObject>(
    method: 'POST' | 'PUT',
    path: string,
    { object: body, options: write }: { object: T; options: WriteOptions | undefined },
  ): Promise<T> => object(sendForBody(context, { method, path, query: writeQuery(write), body, signal: write?.signal }))

  const client: KubeClient = {
    get: <T extends KubeObject>(kind: Kind<T>, ref: ObjectRef) =>
      object<T>(sendForBody(context, { method: 'GET', path: resourcePath(kind, ref) })),

    async find<T extends KubeObject>(kind: Kind<T>, ref: ObjectRef) {
      try {
        return await client.get<T>(kind, ref)
      } catch (error) {
        if (error instanceof ApiError && error.code === 404) return undefined
        throw error
      }
    },

    async list<T extends KubeObject>(kind: Kind<T>, listOptions: ListOptions = {}) {
      const { signal, namespace, ...query } = listOptions
      const path = resourcePath(kind, { namespace })
      const answer = await sendForBody(context, { method: 'GET', path, query, signal })
      // As above; items of a list carry no apiVersion and kind of their own on some servers.
      const list = answer as KubeList<T>
      const typed = { apiVersion: apiVersionOf(kind), kind: kind.kind }
      return { ...list, items: (list.items ?? []).map((item) => ({ ...typed, ...item })) }
    },

    watch: <T extends KubeObject>(kind: Kind<T>, watchOptions: WatchOptions = {}) =>
      watch<T>(context, kind, watchOptions),

    create: <T extends KubeObject>(kind: Kind<T>, body: T, writeOptions?: WriteOptions) =>
      write('POST', resourcePath(kind, { namespace: body.metadata.namespace }), {
        object: body,
        options: writeOptions,
      }),

    update: <T extends KubeObject>(kind: Kind<T>, body: T, writeOptions?: WriteOptions) =>
      write('PUT', resourcePath(kind, locationOf(body)), { object: body, options: writeOptions }),

    updateStatus: <T extends KubeObject>(kind: Kind<T>, body: T, writeOptions?: WriteOptions) => {
      const subresource = kind.statusSubresource ? 'status' : undefined
      const path = resourcePath(kind, { ...locationOf(body), subresource })
      return write('PUT', path, { object: body, options: writeOptions })
    },

    patch<T extends KubeObject>(
      kind: Kind<T>,
      location: ResourceLocation & ObjectRef,
      patch: Patch,
      writeOptions?: WriteOptions,
    ) {
      const force = patch.type === 'apply' ? patch.force : undefined
      return object<T>(
        sendForBody(context, {
          method: 'PATCH',
          path: resourcePath(kind, location),
          query: { ...writeQuery(writeOptions), force },
          body: patch.body,
          contentType: patchTypes[patch.type],
          signal: writeOptions?.signal,
        }),
      )
    },

    async delete(kind, ref, deleteOptions = {}) {
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', ...deleteOptions }
      try {
        await sendForBody(context, { method: 'DELETE', path: resourcePath(kind, ref), body })
      } catch (error) {
        if (!(error instanceof ApiError && error.code === 404)) throw error
      }
    },

    // KubeVirt's actions answer 406 unless anything is acceptable.
    raw: (method, path, body) => sendForBody(context, { method, path, body, accept: 'application/json, */*' }),
  }
  return client
}

async function* watch<T extends KubeObject>(context: CallContext, kind: Kind<T>, options: WatchOptions) {
  const { signal, namespace, ...query } = options
  try {
    const response = await send(context, {
      method: 'GET',
      path: resourcePath(kind, { namespace }),
      query: { watch: true, ...query },
      signal,
      stream: true,
    })
    yield* readWatch<T>(response)
  } catch (error) {
    // Stopping is the caller's own doing, not a failure.
    if (!signal?.aborted) throw error
  }
}

function locationOf(object: KubeObject): { namespace: string | undefined; name: string } {
  return { namespace: object.metadata.namespace, name: object.metadata.name }
}

function writeQuery(options: WriteOptions | undefined): Record<string, string | undefined> {
  return { fieldManager: options?.fieldManager, dryRun: options?.dryRun ? 'All' : undefined }
}
