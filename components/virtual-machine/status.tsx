'use client'

import { Flex, Label, Spinner } from '@patternfly/react-core'
import type { PrintableStatus } from '@/contract/kinds/virtual-machine'
import { useT } from '../i18n/use-t'
import { StatusLabel, type Tone } from '../ui/status-label'
import { type Machine, machineKey } from './machine'
import { usePendingAction } from './pending'

/** Every status KubeVirt prints, and what it means to a person. */
export const statusTones: Record<PrintableStatus, Tone> = {
  Running: 'good',
  Paused: 'paused',
  Stopped: 'off',
  Starting: 'busy',
  Stopping: 'busy',
  Terminating: 'busy',
  Migrating: 'busy',
  Provisioning: 'busy',
  WaitingForVolumeBinding: 'waiting',
  WaitingForReceiver: 'waiting',
  CrashLoopBackOff: 'bad',
  DataVolumeError: 'bad',
  ErrorPvcNotFound: 'bad',
  ErrorUnschedulable: 'bad',
  ErrImagePull: 'bad',
  ImagePullBackOff: 'bad',
  Unknown: 'unknown',
}

export function printableStatusOf({ vm }: Pick<Machine, 'vm'>): PrintableStatus {
  const status = vm.status?.printableStatus
  return status !== undefined && Object.hasOwn(statusTones, status) ? status : 'Unknown'
}

/** The sentence behind a bad status, in the controller's own words. */
export function statusReason({ vm, vmi }: Machine): string | undefined {
  const conditions = [...(vm.status?.conditions ?? []), ...(vmi?.status?.conditions ?? [])]
  const failure =
    conditions.find(({ type, status }) => type === 'Failure' && status === 'True') ??
    conditions.find(({ type, status }) => type === 'Synchronized' && status === 'False') ??
    conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False') ??
    (statusTones[printableStatusOf({ vm })] === 'bad'
      ? conditions.find(({ status, message }) => status === 'False' && message)
      : undefined)
  return failure?.message ?? failure?.reason
}

/** The state of a machine; what was just asked of it shows as asked until the cluster reports otherwise. */
export function MachineStatus({ machine }: { machine: Machine }) {
  const t = useT()
  const pending = usePendingAction(machineKey(machine), machine.vm)
  if (pending !== undefined) {
    return (
      <Label variant="outline" isCompact color="blue" icon={<Spinner size="sm" aria-hidden="true" />}>
        {t(`machines.asked.${pending}`)}
      </Label>
    )
  }
  const status = printableStatusOf(machine)
  return (
    <StatusLabel tone={statusTones[status]} title={statusReason(machine)}>
      {t(`machines.status.${status}`)}
    </StatusLabel>
  )
}

/** What is worth knowing beside the status: ready, agent, restart needed. Nothing when all is as usual. */
export function MachineConditions({ machine }: { machine: Machine }) {
  const t = useT()
  const has = (type: string) =>
    machine.vm.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true
  const running = machine.vmi?.status?.phase === 'Running'
  const ready = machine.vm.status?.ready === true || has('Ready')
  return (
    <Flex gap={{ default: 'gapXs' }} display={{ default: 'inlineFlex' }}>
      {running && (
        <Label isCompact color={ready ? 'green' : 'grey'} variant="outline">
          {t(ready ? 'machines.condition.ready' : 'machines.condition.notReady')}
        </Label>
      )}
      {running && has('AgentConnected') && (
        <Label isCompact color="blue" variant="outline">
          {t('machines.condition.agent')}
        </Label>
      )}
      {has('RestartRequired') && (
        <Label isCompact color="orange" variant="outline">
          {t('machines.condition.restartRequired')}
        </Label>
      )}
      {!running && !has('RestartRequired') && '–'}
    </Flex>
  )
}
