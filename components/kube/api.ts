'use client'

import { useMemo } from 'react'
import { type Kind, resourcePath } from '@/contract/kinds/kind'
import type { KubeList, KubeObject, KubeStatus, ObjectRef } from '@/contract/kube-object'
import { csrfHeader } from '@/contract/session'
import { useCluster } from './cluster'
import { useOptionalSession, useSession } from './session'
import { useSessionRecovery } from './sign-in-again'
import { useForgetAccess } from './use-forget-access'

/** A refused or failed call. `status` carries the server's own words; code 0 means that no answer came at all. */
export class ApiFailure extends Error {
  constructor(readonly status: KubeStatus) {
    super(status.message ?? `The API answered ${status.code ?? 'an error'}`)
    this.name = 'ApiFailure'
  }

  /** HTTP status; 0 when the server could not be reached. */
  get code(): number {
    return this.status.code ?? 500
  }

  get reason(): string {
    return this.status.reason ?? 'Unknown'
  }
}

export interface ListOptions {
  namespace?: string | undefined
  labelSelector?: string | undefined
  fieldSelector?: string | undefined
}

export type KubePatch = { type: 'merge'; body: unknown } | { type: 'json'; body: readonly unknown[] }

export interface WriteOptions {
  /** The server checks everything and stores nothing. */
  dryRun?: boolean | undefined
}

export interface RemoveOptions {
  gracePeriodSeconds?: number | undefined
  propagationPolicy?: 'Foreground' | 'Background' | 'Orphan' | undefined
}

/** The cluster's API with the signed-in person's own permissions. Every method throws ApiFailure. */
export interface KubeApi {
  get<T extends KubeObject>(kind: Kind<T>, ref: ObjectRef): Promise<T>
  /** Everything that matches; pages of the server are followed. */
  list<T extends KubeObject>(kind: Kind<T>, options?: ListOptions): Promise<KubeList<T>>
  /** Into the namespace that the object names. */
  create<T extends KubeObject>(kind: Kind<T>, object: T, options?: WriteOptions): Promise<T>
  replace<T extends KubeObject>(kind: Kind<T>, object: T, options?: WriteOptions): Promise<T>
  patch<T extends KubeObject>(kind: Kind<T>, ref: ObjectRef, patch: KubePatch, options?: WriteOptions): Promise<T>
  remove(kind: Kind, ref: ObjectRef, options?: RemoveOptions): Promise<void>
  /**
   * A call outside the verbs, such as a subresource. `path` is below the cluster's API root (`/apis/…`); the answer is
   * parsed when it is JSON, text otherwise, `undefined` when empty.
   */
  call(method: string, path: string, body?: unknown): Promise<unknown>
}

export interface CallerOptions {
  csrfToken: string
  /**
   * Called once per answer 401, before the failure is thrown. What it may resolve to is the CSRF token of a new session:
   * then the call is made once more, so that nothing is lost when a session ends in the middle of work.
   */
  onSignedOut: (method: string) => undefined | Promise<string | undefined>
  /** Called once per answer 403, before the failure is thrown: what was known of permissions is no longer so. */
  onForbidden?: (path: string) => void
}

export interface KubeApiOptions extends CallerOptions {
  cluster: string
  /** Where the console is; default: this page's own origin. */
  origin?: string
}

interface CallContent {
  body?: unknown
  contentType?: string
}

/** Makes calls below an address; the answer is parsed as `KubeApi.call` says. Throws ApiFailure. */
export type Caller = (method: string, path: string, content?: CallContent) => Promise<unknown>

/** Builds the caller behind `/k8s/<cluster>` and `/auth`. */
export function createCaller(root: string, { csrfToken, onSignedOut, onForbidden }: CallerOptions): Caller {
  // A new session has another one; whoever still holds this caller goes on with it.
  let token = csrfToken

  async function ask(method: string, path: string, { body, contentType }: CallContent) {
    const headers: Record<string, string> = { accept: '*/*' }
    if (method !== 'GET' && method !== 'HEAD') headers[csrfHeader] = token
    if (body !== undefined) headers['content-type'] = contentType ?? 'application/json'
    try {
      const response = await fetch(root + path, {
        method,
        headers,
        credentials: 'same-origin',
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { response, text: await response.text() }
    } catch (cause) {
      throw new ApiFailure(failureStatus(0, 'NetworkFailure', cause instanceof Error ? cause.message : String(cause)))
    }
  }

  return async (method, path, content = {}) => {
    let answer = await ask(method, path, content)
    if (answer.response.status === 401) {
      const renewed = await onSignedOut(method)
      if (renewed !== undefined) {
        token = renewed
        answer = await ask(method, path, content)
      }
    }
    if (answer.response.ok) return parseBody(answer.response, answer.text)
    if (answer.response.status === 403) onForbidden?.(path)
    throw new ApiFailure(readFailure(answer.response, answer.text))
  }
}

/** Builds the API of one cluster over `/k8s/<cluster>`. */
export function createKubeApi({ cluster, origin = '', ...options }: KubeApiOptions): KubeApi {
  const send = createCaller(`${origin}/k8s/${encodeURIComponent(cluster)}`, options)

  return {
    get: async <T extends KubeObject>(kind: Kind<T>, ref: ObjectRef) =>
      // The server answers a read of a kind with an object of that kind.
      (await send('GET', resourcePath(kind, ref))) as T,
    list: async <T extends KubeObject>(kind: Kind<T>, options: ListOptions = {}) => {
      const items: T[] = []
      let page: KubeList<T>
      let next: string | undefined
      do {
        const query = queryOf({
          labelSelector: options.labelSelector,
          fieldSelector: options.fieldSelector,
          continue: next,
        })
        // The server answers a list of a kind with objects of that kind.
        page = (await send('GET', resourcePath(kind, { namespace: options.namespace }) + query)) as KubeList<T>
        items.push(...page.items)
        next = page.metadata.continue
      } while (next)
      return { ...page, items }
    },
    create: async <T extends KubeObject>(kind: Kind<T>, object: T, { dryRun }: WriteOptions = {}) =>
      // A write answers with the object as stored.
      (await send('POST', resourcePath(kind, { namespace: object.metadata.namespace }) + dryRunQuery(dryRun), {
        body: object,
      })) as T,
    replace: async <T extends KubeObject>(kind: Kind<T>, object: T, { dryRun }: WriteOptions = {}) =>
      (await send('PUT', resourcePath(kind, object.metadata) + dryRunQuery(dryRun), { body: object })) as T,
    patch: async <T extends KubeObject>(
      kind: Kind<T>,
      ref: ObjectRef,
      patch: KubePatch,
      { dryRun }: WriteOptions = {},
    ) =>
      (await send('PATCH', resourcePath(kind, ref) + dryRunQuery(dryRun), {
        body: patch.body,
        contentType: patch.type === 'json' ? 'application/json-patch+json' : 'application/merge-patch+json',
      })) as T,
    remove: async (kind, ref, options = {}) => {
      const { gracePeriodSeconds, propagationPolicy } = options
      await send('DELETE', resourcePath(kind, ref), {
        body: {
          kind: 'DeleteOptions',
          apiVersion: 'v1',
          ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
          ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
        },
      })
    },
    call: (method, path, body) => send(method, path, { body }),
  }
}

/** The API of this page's cluster as the signed-in person. */
export function useKubeApi(): KubeApi {
  const cluster = useCluster()
  const { csrfToken } = useSession()
  const onSignedOut = useSessionRecovery()
  const onForbidden = useForgetAccess(cluster)
  return useMemo(
    () => createKubeApi({ cluster, csrfToken, onSignedOut, onForbidden }),
    [cluster, csrfToken, onSignedOut, onForbidden],
  )
}

/** The console's own calls (`/auth/…`) as the signed-in person; where nobody is signed in, they are refused. */
export function useConsoleApi(): Caller {
  const csrfToken = useOptionalSession()?.csrfToken ?? ''
  const onSignedOut = useSessionRecovery()
  return useMemo(() => createCaller('', { csrfToken, onSignedOut }), [csrfToken, onSignedOut])
}

function queryOf(parameters: Record<string, string | undefined>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) if (value) query.set(name, value)
  return query.size === 0 ? '' : `?${query}`
}

function dryRunQuery(dryRun: boolean | undefined): string {
  return dryRun ? '?dryRun=All' : ''
}

function parseBody(response: Response, text: string): unknown {
  if (text === '') return undefined
  return isJson(response) ? JSON.parse(text) : text
}

function isJson(response: Response): boolean {
  return /[/+]json\b/.test(response.headers.get('content-type') ?? '')
}

/** A Status as it came, or one made of a plain-text answer (the gateway's own errors, KubeVirt's guest-agent errors). */
function readFailure(response: Response, text: string): KubeStatus {
  if (isJson(response) && text !== '') {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null) {
      if ('kind' in body && body.kind === 'Status') {
        // Checked by its kind; a server may leave out the code, which the response has anyway.
        const status = body as KubeStatus
        return { ...status, code: status.code ?? response.status }
      }
      if ('message' in body && typeof body.message === 'string') {
        return failureStatus(response.status, 'Unknown', body.message)
      }
    }
  }
  const words = isJson(response) || /html/.test(response.headers.get('content-type') ?? '') ? '' : text.trim()
  return failureStatus(
    response.status,
    'Unknown',
    words === '' ? `${response.status} ${response.statusText}`.trim() : words,
  )
}

function failureStatus(code: number, reason: string, message: string): KubeStatus {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason, code, message }
}
