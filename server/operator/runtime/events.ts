import { createHash } from 'node:crypto'
import { eventKind, type KubeEvent } from '@/contract/kinds/core'
import type { KubeObject } from '@/contract/kube-object'
import { type Clock, formatTime } from '@/server/cluster/clock'
import { ApiError, type KubeClient } from '@/server/cluster/kube-client'
import type { Log } from '@/server/cluster/log'

export interface EventRecorder {
  /**
   * Tells people what happened to an object. The same again raises the earlier event's count. Never throws and never
   * waits: an event that cannot be written is logged.
   */
  normal(object: KubeObject, reason: string, message: string): void
  warning(object: KubeObject, reason: string, message: string): void
  /** Resolves when all that was recorded so far is written or given up. */
  flush(): Promise<void>
}

export interface EventRecorderOptions {
  client: KubeClient
  clock: Clock
  log: Log
  /** The reporting component, e.g. `virtualmachine-controller`. */
  component: string
  /** Further events while this many wait to be written are dropped (and counted in the log). */
  maxWaiting?: number
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { clock, log, maxWaiting = 500 } = options
  let tail: Promise<void> = Promise.resolve()
  let waiting = 0

  function record(object: KubeObject, { type, reason, message }: EventText) {
    if (waiting >= maxWaiting) {
      log.warn({ reason, name: object.metadata.name }, 'an event was dropped: too many are waiting')
      return
    }
    waiting += 1
    const event = buildEvent(object, { type, reason, message, component: options.component, at: clock.now() })
    tail = tail
      .then(() => write(options.client, event))
      .catch((error: unknown) => log.warn({ err: error, reason, name: object.metadata.name }, 'event not written'))
      .finally(() => {
        waiting -= 1
      })
  }

  return {
    normal: (object, reason, message) => record(object, { type: 'Normal', reason, message }),
    warning: (object, reason, message) => record(object, { type: 'Warning', reason, message }),
    flush: () => tail,
  }
}

interface EventText {
  type: 'Normal' | 'Warning'
  reason: string
  message: string
}

/** The name follows from what is said, so the same said again, even after a restart, meets the same object. */
function buildEvent(object: KubeObject, text: EventText & { component: string; at: number }): KubeEvent {
  const { name, namespace = 'default', uid } = object.metadata
  const { type, reason, message, component } = text
  const hash = createHash('sha256').update([uid, type, reason, message, component].join('\n')).digest('hex')
  const time = formatTime(text.at)
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name.slice(0, 200)}.${hash.slice(0, 16)}`, namespace },
    involvedObject: {
      apiVersion: object.apiVersion,
      kind: object.kind,
      name,
      ...(object.metadata.namespace ? { namespace: object.metadata.namespace } : {}),
      ...(uid ? { uid } : {}),
    },
    type,
    reason,
    message: message.slice(0, 1024),
    count: 1,
    firstTimestamp: time,
    lastTimestamp: time,
    source: { component },
    reportingComponent: component,
    reportingInstance: '',
  }
}

async function write(client: KubeClient, event: KubeEvent): Promise<void> {
  try {
    await client.create(eventKind, event)
  } catch (error) {
    if (!(error instanceof ApiError && error.code === 409)) {
      if (isNamespaceGone(error)) return
      throw error
    }
    const { namespace = 'default', name } = event.metadata
    const earlier = await client.find(eventKind, { namespace, name })
    if (!earlier) return
    const body = { count: (earlier.count ?? 1) + 1, lastTimestamp: event.lastTimestamp }
    await client.patch(eventKind, { namespace, name }, { type: 'merge', body })
  }
}

/** Nothing can be created in a namespace that is being deleted; that is no fault worth a log line. */
function isNamespaceGone(error: unknown): boolean {
  return error instanceof ApiError && (error.code === 404 || error.code === 403)
}
