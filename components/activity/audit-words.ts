import type { AuditEntry, AuditObject } from '@/contract/audit'
import { allKinds } from '@/contract/kinds/registry'
import type { Translate } from '../i18n/use-t'
import type { Tone } from '../ui/status-label'

const verbs = ['create', 'update', 'patch', 'delete', 'deletecollection', 'connect', 'sign-in', 'sign-out'] as const
const knownActions = [
  'start',
  'stop',
  'restart',
  'pause',
  'unpause',
  'migrate',
  'softreboot',
  'reset',
  'addvolume',
  'removevolume',
  'console',
  'vnc',
  'exec',
  'portforward',
] as const

/** What was done, in words: the action of a subresource, else the verb. */
export function actionWords({ verb, object, phase, path }: AuditEntry, t: Translate): string {
  const action = knownActions.find((known) => known === object?.subresource)
  const known = verbs.find((candidate) => candidate === verb)
  const words = action ? t(`activity.audit.action.${action}`) : known ? t(`activity.audit.verb.${known}`) : verb
  const detailed = object?.subresource && !action ? `${words} (${object.subresource})` : words
  if (phase) return t(`activity.audit.phase.${phase}`, { action: detailed })
  return path ? `${detailed} ${path}` : detailed
}

/** What it was done to: kind and name. */
export function objectWords({ group, resource, name }: AuditObject): string {
  const kind = allKinds.find((known) => known.group === group && known.plural === resource)?.kind ?? resource
  return name === undefined ? kind : `${kind} ${name}`
}

/** The page of the machine that an entry is about; a guest has its machine's name. */
export function machineOf(object: AuditObject | undefined): { namespace: string; name: string } | undefined {
  const { group, resource = '', namespace, name } = object ?? {}
  if (group !== 'kubevirt.io' || !namespace || !name) return undefined
  return /^virtualmachine(instance)?s$/.test(resource) ? { namespace, name } : undefined
}

export const outcomeTones: Record<AuditEntry['outcome'], Tone> = { success: 'good', refused: 'warning', failed: 'bad' }
