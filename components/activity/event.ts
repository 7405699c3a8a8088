import type { KubeEvent } from '@/contract/kinds/core'

/** When it happened last; events of old and new clients say it in different fields. */
export function eventTimeOf(event: KubeEvent): string | undefined {
  return event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp ?? event.metadata.creationTimestamp
}

/** Newest first; events without a readable time come last. */
export function newestFirst(events: readonly KubeEvent[]): readonly KubeEvent[] {
  return events
    .map((event) => ({ event, time: Date.parse(eventTimeOf(event) ?? '') || 0 }))
    .sort((a, b) => b.time - a.time)
    .map(({ event }) => event)
}

/** Who reported it. */
export function eventSourceOf(event: KubeEvent): string | undefined {
  return event.source?.component ?? event.reportingComponent
}

/** The machine an event is about, when it is about one: a guest has its machine's name. */
export function machineOfEvent({ involvedObject }: KubeEvent): { namespace: string; name: string } | undefined {
  const { kind, namespace, name } = involvedObject
  if ((kind !== 'VirtualMachine' && kind !== 'VirtualMachineInstance') || !namespace || !name) return undefined
  return { namespace, name }
}
