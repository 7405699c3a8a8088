import { resourcePath } from '@/contract/kinds/kind'
import { virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import { can, type Verdict } from '@/contract/virtual-machine/can'
import type { MessageKey } from '../i18n/catalogue'
import type { KubeApi } from '../kube/api'
import type { Access, AccessQuestion } from '../kube/use-access'
import type { Machine } from './machine'

export type ActionId = 'start' | 'stop' | 'forceStop' | 'restart' | 'softReboot' | 'pause' | 'unpause' | 'delete'

/** Something one can ask of a machine, as data. Deleting is a dialog of its own and has no `run`. */
export interface MachineAction {
  id: ActionId
  /** Whether the machine's state allows it. */
  can: (machine: Machine) => Verdict
  /** The permission it needs. */
  access: Omit<AccessQuestion, 'namespace' | 'name'>
  run?: (api: KubeApi, machine: Machine) => Promise<void>
  /** Loses work in the guest: asked for confirmation. */
  danger?: boolean
  /** Stands apart from the actions above. */
  separated?: boolean
}

const group = 'subresources.kubevirt.io'

function subresource(kind: { plural: string }, name: string) {
  const access: MachineAction['access'] = { verb: 'update', group, resource: kind.plural, subresource: name }
  const put = async (api: KubeApi, { vm }: Machine, body: Record<string, unknown> = {}) => {
    const { namespace, name: machine } = vm.metadata
    const path = resourcePath(
      { group, version: 'v1', plural: kind.plural },
      { namespace, name: machine, subresource: name },
    )
    await api.call('PUT', path, body)
  }
  return { access, put }
}

const start = subresource(virtualMachineKind, 'start')
const stop = subresource(virtualMachineKind, 'stop')
const restart = subresource(virtualMachineKind, 'restart')
const pause = subresource(virtualMachineInstanceKind, 'pause')
const unpause = subresource(virtualMachineInstanceKind, 'unpause')
const softReboot = subresource(virtualMachineInstanceKind, 'softreboot')

/** All actions in the order in which menus show them. */
export const machineActions: readonly MachineAction[] = [
  { id: 'start', can: (m) => can.start(m.vm, m.vmi), access: start.access, run: (api, m) => start.put(api, m) },
  { id: 'stop', can: (m) => can.stop(m.vm, m.vmi), access: stop.access, run: (api, m) => stop.put(api, m) },
  {
    id: 'forceStop',
    can: (m) => can.forceStop(m.vm, m.vmi),
    access: stop.access,
    // A grace period of zero pulls the plug, also of a machine that is shutting down already.
    run: (api, m) => stop.put(api, m, { gracePeriod: 0 }),
    danger: true,
  },
  { id: 'restart', can: (m) => can.restart(m.vm, m.vmi), access: restart.access, run: (api, m) => restart.put(api, m) },
  {
    id: 'softReboot',
    can: (m) => can.softReboot(m.vm, m.vmi),
    access: softReboot.access,
    run: (api, m) => softReboot.put(api, m),
  },
  {
    id: 'pause',
    can: (m) => can.pause(m.vm, m.vmi),
    access: pause.access,
    run: (api, m) => pause.put(api, m),
    separated: true,
  },
  { id: 'unpause', can: (m) => can.unpause(m.vm, m.vmi), access: unpause.access, run: (api, m) => unpause.put(api, m) },
  {
    id: 'delete',
    can: (m) => can.remove(m.vm, m.vmi),
    access: { verb: 'delete', group: virtualMachineKind.group, resource: virtualMachineKind.plural },
    danger: true,
    separated: true,
  },
]

/** Why an action cannot be done: the state's reason first, then the permission's. Undefined when it can. */
export function refusalOf(
  action: MachineAction,
  machine: Machine,
  access: Access,
): { key: MessageKey; words?: string } | undefined {
  const verdict = action.can(machine)
  if (verdict !== true) return { key: `machines.refusal.${verdict}` }
  if (access.allowed !== false) return undefined
  return { key: 'machines.refusal.forbidden', ...(access.reason ? { words: access.reason } : {}) }
}
