'use client'

import { Button, List, ListItem } from '@patternfly/react-core'
import { useCallback } from 'react'
import { useAskFor } from '../access/ask-link'
import { type Translate, useT } from '../i18n/use-t'
import { ApiFailure, type KubeApi, useKubeApi } from '../kube/api'
import { explainFailure, failureSentence } from '../kube/errors'
import { confirm } from '../ui/confirm'
import type { MenuAction } from '../ui/row-menu'
import { toast } from '../ui/toast'
import { type ActionId, type MachineAction, machineActions, refusalOf } from './actions'
import { bulkRun, queueFailed, runBulk } from './bulk-run'
import { deleteMachines } from './delete-request'
import { type Machine, machineKey } from './machine'
import { clearPending, notePending } from './pending'
import { useMachineAccess } from './use-machine-access'

export interface MachineMenus {
  /** The menu of one machine. */
  menuOf: (machine: Machine) => readonly MenuAction[]
  /** The menu of a selection; `clear` ends the selection once the action is under way. */
  bulkMenuOf: (machines: readonly Machine[], clear: () => void) => readonly MenuAction[]
  /** Tries again what failed in the bulk run on screen. */
  retryBulk: () => void
}

/** Menus for machines of the given namespaces, with permissions, confirmation, results and failures taken care of. */
export function useMachineActions(namespaces: readonly string[]): MachineMenus {
  const t = useT()
  const api = useKubeApi()
  const accessOf = useMachineAccess(namespaces)
  const askFor = useAskFor()

  const refuse = useCallback(
    (action: MachineAction, machine: Machine) => {
      const refusal = refusalOf(action, machine, accessOf(machine.vm.metadata.namespace ?? '', action.id))
      return refusal && [t(refusal.key), refusal.words].filter(Boolean).join(' ')
    },
    [accessOf, t],
  )

  const menuOf = useCallback(
    (machine: Machine): readonly MenuAction[] => {
      const { namespace = '' } = machine.vm.metadata
      const missing = machineActions
        .map(({ id }) => accessOf(namespace, id).missing)
        .find((question) => question !== undefined)
      return [
        ...machineActions.map((action) => ({
          ...entryOf(action, t),
          disabled: refuse(action, machine),
          run: () => void perform({ action, machine, api, t }),
        })),
        ...(missing ? [{ id: 'ask', label: t('access.askForIt'), separated: true, run: () => askFor(missing) }] : []),
      ]
    },
    [accessOf, api, askFor, refuse, t],
  )

  const bulkMenuOf = useCallback(
    (machines: readonly Machine[], clear: () => void): readonly MenuAction[] =>
      machineActions.map((action) => {
        const able = machines.filter((machine) => refuse(action, machine) === undefined)
        const [first] = machines
        return {
          ...entryOf(action, t),
          disabled:
            able.length > 0 || first === undefined
              ? undefined
              : machines.length === 1
                ? refuse(action, first)
                : t('machines.bulk.none'),
          run: () => void performBulk({ action, machines, refuse, api, t, clear }),
        }
      }),
    [api, refuse, t],
  )

  const retryBulk = useCallback(() => {
    const action = machineActions.find(({ id }) => id === bulkRun.get()?.action)
    if (action === undefined) return
    queueFailed()
    void runBulk((machine) => attempt(action, machine, { api, t }))
  }, [api, t])

  return { menuOf, bulkMenuOf, retryBulk }
}

function entryOf(action: MachineAction, t: Translate): Omit<MenuAction, 'run'> {
  return {
    id: action.id,
    label: t(`machines.action.${action.id}`),
    danger: action.danger ?? false,
    separated: action.separated ?? false,
  }
}

interface Call {
  action: MachineAction
  machine: Machine
  api: KubeApi
  t: Translate
}

async function perform({ action, machine, api, t }: Call): Promise<void> {
  if (action.run === undefined) return deleteMachines([machine])
  if (action.danger && !(await ask(action.id, [machine], t))) return
  const name = machine.vm.metadata.name
  const failure = await tryAction(action, machine, api)
  if (failure === undefined) {
    toast({ variant: 'success', title: t(`machines.accepted.${action.id as RunId}`, { name }) })
    return
  }
  const { title, words, wayOut } = explainFailure(failure, t)
  toast({
    variant: 'danger',
    title: t('machines.failed', { action: t(`machines.action.${action.id}`), name }),
    body: (
      <>
        <p>{words === '' ? title : words}</p>
        <p>{wayOut}</p>
        <Button variant="link" isInline onClick={() => void perform({ action, machine, api, t })}>
          {t('machines.retry')}
        </Button>
      </>
    ),
  })
}

/** Every action but deleting, which says itself what it did. */
type RunId = Exclude<ActionId, 'delete'>

interface BulkCall {
  action: MachineAction
  machines: readonly Machine[]
  refuse: (action: MachineAction, machine: Machine) => string | undefined
  api: KubeApi
  t: Translate
  clear: () => void
}

async function performBulk({ action, machines, refuse, api, t, clear }: BulkCall): Promise<void> {
  if (action.run === undefined) {
    await deleteMachines(machines.filter((machine) => refuse(action, machine) === undefined))
    return
  }
  const interrupts = action.danger || action.id === 'stop' || action.id === 'restart'
  if (interrupts && !(await ask(action.id, machines, t))) return
  bulkRun.set(() => ({
    action: action.id,
    rows: machines.map((machine) => {
      const words = refuse(action, machine)
      return words === undefined ? { machine, state: 'waiting' } : { machine, state: 'skipped', words }
    }),
  }))
  clear()
  await runBulk((machine) => attempt(action, machine, { api, t }))
}

async function attempt(action: MachineAction, machine: Machine, { api, t }: { api: KubeApi; t: Translate }) {
  const failure = await tryAction(action, machine, api)
  return failure && failureSentence(failure, t)
}

/** Performs and returns what the server said against it; the machine shows as asked in the meantime. */
async function tryAction(action: MachineAction, machine: Machine, api: KubeApi): Promise<ApiFailure | undefined> {
  const key = machineKey(machine)
  // A soft reboot leaves the status as it is: there would be no echo to wait for.
  if (action.id !== 'softReboot') notePending(key, action.id, machine.vm)
  try {
    await action.run?.(api, machine)
    return undefined
  } catch (failure) {
    clearPending(key)
    if (failure instanceof ApiFailure) return failure
    throw failure
  }
}

function ask(action: ActionId, machines: readonly Machine[], t: Translate): Promise<boolean> {
  const label = t(`machines.action.${action}`)
  const [first] = machines
  const count = machines.length
  return confirm({
    title:
      count === 1 && first
        ? t('machines.confirm.one', { action: label, name: first.vm.metadata.name })
        : t('machines.confirm.many', { action: label, count }),
    body: action === 'forceStop' ? t('machines.confirm.forceStop') : t('machines.confirm.interrupts'),
    confirmLabel: label,
    danger: action === 'forceStop',
    children:
      count > 1 ? (
        <List isPlain>
          {machines.slice(0, 10).map((machine) => (
            <ListItem key={machineKey(machine)}>{machineKey(machine)}</ListItem>
          ))}
          {count > 10 && <ListItem>{t('machines.confirm.more', { count: count - 10 })}</ListItem>}
        </List>
      ) : undefined,
  })
}
