import type { AccessRules, ResourceQuestion } from './rules'
import { decideAccess } from './rules'

/** What people want to do; a page has the words for it. */
export type AbilityId =
  | `machines.${'see' | 'power' | 'console' | 'create' | 'change' | 'delete' | 'migrate'}`
  | `disks.${'see' | 'create' | 'attach' | 'delete'}`
  | `snapshots.${'see' | 'create' | 'restore' | 'delete'}`
  | `networks.${'see' | 'publish' | 'attach'}`
  | `secrets.${'see' | 'create'}`
  | `people.${'events' | 'grant'}`

/** Something to do and the calls it takes. */
export interface Ability {
  id: AbilityId
  needs: readonly ResourceQuestion[]
  /** The cluster role that KubeVirt, CDI or Kubernetes bring for it. */
  role: 'view' | 'edit' | 'admin'
}

export interface AbilityArea {
  id: 'machines' | 'disks' | 'networks' | 'snapshots' | 'secrets' | 'people'
  abilities: readonly Ability[]
}

const kubevirt = 'kubevirt.io'
const calls = 'subresources.kubevirt.io'
const readVerbs = ['get', 'list', 'watch']

const ask = (verbs: readonly string[], group: string, ...resources: string[]): ResourceQuestion[] =>
  resources.flatMap((path) => {
    const [resource = '', subresource] = path.split('/')
    return verbs.map((verb) => ({ verb, group, resource, ...(subresource ? { subresource } : {}) }))
  })

const power = (verb: string, kind: 'virtualmachines' | 'virtualmachineinstances', ...names: string[]) =>
  ask([verb], calls, ...names.map((name) => `${kind}/${name}`))

/** Everything this console offers to do in a namespace. */
export const abilityAreas: readonly AbilityArea[] = [
  {
    id: 'machines',
    abilities: [
      {
        id: 'machines.see',
        role: 'view',
        needs: ask(readVerbs, kubevirt, 'virtualmachines', 'virtualmachineinstances'),
      },
      {
        id: 'machines.power',
        role: 'edit',
        needs: [
          ...power('update', 'virtualmachines', 'start', 'stop', 'restart'),
          ...power('update', 'virtualmachineinstances', 'pause', 'unpause', 'softreboot'),
        ],
      },
      { id: 'machines.console', role: 'edit', needs: power('get', 'virtualmachineinstances', 'console', 'vnc') },
      { id: 'machines.create', role: 'edit', needs: ask(['create'], kubevirt, 'virtualmachines') },
      { id: 'machines.change', role: 'edit', needs: ask(['update', 'patch'], kubevirt, 'virtualmachines') },
      { id: 'machines.delete', role: 'edit', needs: ask(['delete'], kubevirt, 'virtualmachines') },
      { id: 'machines.migrate', role: 'admin', needs: ask(['create'], kubevirt, 'virtualmachineinstancemigrations') },
    ],
  },
  {
    id: 'disks',
    abilities: [
      { id: 'disks.see', role: 'view', needs: ask(readVerbs, '', 'persistentvolumeclaims') },
      {
        id: 'disks.create',
        role: 'edit',
        needs: [...ask(['create'], 'cdi.kubevirt.io', 'datavolumes'), ...ask(['create'], '', 'persistentvolumeclaims')],
      },
      {
        id: 'disks.attach',
        role: 'edit',
        needs: power('update', 'virtualmachines', 'addvolume', 'removevolume'),
      },
      {
        id: 'disks.delete',
        role: 'edit',
        needs: [...ask(['delete'], 'cdi.kubevirt.io', 'datavolumes'), ...ask(['delete'], '', 'persistentvolumeclaims')],
      },
    ],
  },
  {
    id: 'snapshots',
    abilities: [
      { id: 'snapshots.see', role: 'view', needs: ask(readVerbs, 'snapshot.kubevirt.io', 'virtualmachinesnapshots') },
      {
        id: 'snapshots.create',
        role: 'edit',
        needs: ask(['create'], 'snapshot.kubevirt.io', 'virtualmachinesnapshots'),
      },
      {
        id: 'snapshots.restore',
        role: 'edit',
        needs: ask(['create'], 'snapshot.kubevirt.io', 'virtualmachinerestores'),
      },
      {
        id: 'snapshots.delete',
        role: 'edit',
        needs: ask(['delete'], 'snapshot.kubevirt.io', 'virtualmachinesnapshots'),
      },
    ],
  },
  {
    id: 'networks',
    abilities: [
      { id: 'networks.see', role: 'view', needs: ask(readVerbs, '', 'services') },
      { id: 'networks.publish', role: 'edit', needs: ask(['create', 'delete'], '', 'services') },
      {
        id: 'networks.attach',
        role: 'view',
        needs: ask(['get', 'list'], 'k8s.cni.cncf.io', 'network-attachment-definitions'),
      },
    ],
  },
  {
    id: 'secrets',
    abilities: [
      { id: 'secrets.see', role: 'edit', needs: ask(['get'], '', 'secrets') },
      { id: 'secrets.create', role: 'edit', needs: ask(['create', 'delete'], '', 'secrets') },
    ],
  },
  {
    id: 'people',
    abilities: [
      { id: 'people.events', role: 'view', needs: ask(['list', 'watch'], '', 'events') },
      { id: 'people.grant', role: 'admin', needs: ask(['create'], 'rbac.authorization.k8s.io', 'rolebindings') },
    ],
  },
]

export interface AbilityAnswer {
  /** `partly`: some of the calls it takes. */
  answer: 'yes' | 'partly' | 'no' | 'unknown'
  missing: readonly ResourceQuestion[]
}

/** Whether rules let one do something, and what is missing. */
export function decideAbility(rules: AccessRules, { needs }: Ability): AbilityAnswer {
  const answers = needs.map((question) => ({ question, answer: decideAccess(rules, question) }))
  const missing = answers.filter(({ answer }) => answer !== 'yes')
  if (missing.length === 0) return { answer: 'yes', missing: [] }
  const open = missing.some(({ answer }) => answer === 'unknown')
  return {
    answer: open ? 'unknown' : missing.length < needs.length ? 'partly' : 'no',
    missing: missing.map(({ question }) => question),
  }
}
