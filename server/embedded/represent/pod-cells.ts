import { type JsonObject, objectsOf, part } from '@/contract/json'
import type { BuiltInColumn } from './built-in-column'
import { ageOf } from './duration'

function containerStatuses(pod: JsonObject): JsonObject[] {
  return objectsOf(part(pod, 'status')['containerStatuses'])
}

function ready(pod: JsonObject): string {
  const statuses = containerStatuses(pod)
  return `${statuses.filter((status) => status['ready'] === true).length}/${objectsOf(part(pod, 'spec')['containers']).length}`
}

/** The word kubectl shows: the most telling of phase, reason and the containers' states. */
function statusWord(pod: JsonObject): string {
  const status = part(pod, 'status')
  let word = String(status['reason'] || status['phase'] || 'Unknown')
  for (const container of [...containerStatuses(pod)].reverse()) {
    const state = part(container, 'state')
    const waiting = part(state, 'waiting')['reason']
    const terminated = part(state, 'terminated')
    if (typeof waiting === 'string' && waiting !== '') word = waiting
    else if (typeof terminated['reason'] === 'string' && terminated['reason'] !== '') word = terminated['reason']
    else if (state['terminated'] !== undefined) word = `ExitCode:${String(terminated['exitCode'] ?? 0)}`
  }
  if (part(pod, 'metadata')['deletionTimestamp'] === undefined) return word
  return status['reason'] === 'NodeLost' ? 'Unknown' : 'Terminating'
}

function restarts(pod: JsonObject): string {
  const counts = containerStatuses(pod).map((status) => Number(status['restartCount'] ?? 0))
  return String(counts.reduce((sum, number) => sum + number, 0))
}

function podIp(pod: JsonObject): string {
  const status = part(pod, 'status')
  const first = objectsOf(status['podIPs'])[0]
  return String(first?.['ip'] ?? status['podIP'] ?? '<none>')
}

export const podCells: BuiltInColumn[] = [
  { name: 'Name', cell: (pod) => part(pod, 'metadata')['name'] },
  { name: 'Ready', cell: ready },
  { name: 'Status', cell: statusWord },
  { name: 'Restarts', cell: restarts },
  { name: 'Age', cell: (pod, now) => ageOf(part(pod, 'metadata')['creationTimestamp'], now) },
  { name: 'IP', priority: 1, cell: podIp },
  { name: 'Node', priority: 1, cell: (pod) => part(pod, 'spec')['nodeName'] ?? '<none>' },
  { name: 'Nominated Node', priority: 1, cell: (pod) => part(pod, 'status')['nominatedNodeName'] ?? '<none>' },
  { name: 'Readiness Gates', priority: 1, cell: () => '<none>' },
]
