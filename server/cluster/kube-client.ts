import type { Kind, ResourceLocation } from '@/contract/kinds/kind'
import type { KubeList, KubeObject, KubeStatus, ObjectRef, WatchEvent } from '@/contract/kube-object'

/** An API error: the server's own Status. */
export class ApiError extends Error {
  constructor(readonly status: KubeStatus) {
    super(status.message ?? `the API answered ${status.code ?? 'an error'}`)
    this.name = 'ApiError'
  }

  get code(): number {
    return this.status.code ?? 500
  }

  get reason(): string {
    return this.status.reason ?? 'Unknown'
  }
}

export interface ListOptions {
  namespace?: string | undefined
  labelSelector?: string
  fieldSelector?: string
  limit?: number
  continue?: string
  resourceVersion?: string
  signal?: AbortSignal
}

export interface WatchOptions extends Omit<ListOptions, 'limit' | 'continue'> {
  allowWatchBookmarks?: boolean
  timeoutSeconds?: number
}

export type Patch =
  | { type: 'merge'; body: unknown }
  | { type: 'json'; body: readonly unknown[] }
  | { type: 'apply'; body: KubeObject; force?: boolean }

export interface WriteOptions {
  /** Names the writer in managedFields; every controller has one. */
  fieldManager?: string
  dryRun?: boolean
  signal?: AbortSignal
}

/** Generic, untyped-at-runtime access to any kind over a Connection. Objects come as the server sent them. */
export interface KubeClient {
  get<T extends KubeObject>(kind: Kind<T>, ref: ObjectRef): Promise<T>
  /** As `get`, but an absent object is `undefined` instead of an ApiError 404. */
  find<T extends KubeObject>(kind: Kind<T>, ref: ObjectRef): Promise<T | undefined>
  list<T extends KubeObject>(kind: Kind<T>, options?: ListOptions): Promise<KubeList<T>>
  /** Ends when the server closes the stream or the signal aborts; an ERROR event is yielded, then the stream ends. */
  watch<T extends KubeObject>(kind: Kind<T>, options?: WatchOptions): AsyncIterable<WatchEvent<T>>
  create<T extends KubeObject>(kind: Kind<T>, object: T, options?: WriteOptions): Promise<T>
  update<T extends KubeObject>(kind: Kind<T>, object: T, options?: WriteOptions): Promise<T>
  updateStatus<T extends KubeObject>(kind: Kind<T>, object: T, options?: WriteOptions): Promise<T>
  patch<T extends KubeObject>(
    kind: Kind<T>,
    location: ResourceLocation & ObjectRef,
    patch: Patch,
    options?: WriteOptions,
  ): Promise<T>
  /** Resolves also when the object is already gone. */
  delete<T extends KubeObject>(
    kind: Kind<T>,
    ref: ObjectRef,
    options?: {
      propagationPolicy?: 'Foreground' | 'Background' | 'Orphan'
      gracePeriodSeconds?: number
      preconditions?: { uid?: string; resourceVersion?: string }
    },
  ): Promise<void>
  /** A call outside the verbs, e.g. a subresource action; JSON in, JSON (or text) out. */
  raw(method: string, path: string, body?: unknown): Promise<unknown>
}
