import { persistentVolumeClaimKind, podKind } from '../kinds/core'
import { virtualMachineKind } from '../kinds/virtual-machine'
import { type AccessRules, decideAccess, namesAllowed } from './rules'

/** Lists one of which a person must see for a namespace to be of any use here. */
const lists = [virtualMachineKind, persistentVolumeClaimKind, podKind]

/** Whether one can work in a namespace with these rules. `unknown`: the rules are not all there is. */
export function worksWith(rules: AccessRules): 'yes' | 'no' | 'unknown' {
  const answers = lists.map(({ group, plural }) => decideAccess(rules, { verb: 'list', group, resource: plural }))
  return answers.find((answer) => answer === 'yes') ?? answers.find((answer) => answer === 'unknown') ?? 'no'
}

/**
 * Namespaces that rules mention by name. A rules review of any namespace has those of cluster-wide bindings, such as
 * "get the namespaces a, b and c".
 */
export function namespacesMentioned(rules: AccessRules): readonly string[] {
  return namesAllowed(rules, { verb: 'get', group: '', resource: 'namespaces' })
}

/** The namespace of a ServiceAccount's own user name. */
export function namespaceOfUser(user: string): string | undefined {
  return /^system:serviceaccount:([^:]+):[^:]+$/.exec(user)?.[1]
}
