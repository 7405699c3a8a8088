'use client'

import { Content } from '@patternfly/react-core'
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import type { Condition } from '@/contract/kube-object'
import { useT } from '../i18n/use-t'
import { StatusLabel, type Tone } from '../ui/status-label'
import { TimeAgo } from '../ui/time-ago'
import type { Machine } from './machine'

/** Conditions that have a name in our languages, and whether being true is good news. */
const known = {
  Ready: 'good',
  Failure: 'bad',
  Paused: 'paused',
  RestartRequired: 'warning',
  LiveMigratable: 'good',
  StorageLiveMigratable: 'good',
  Synchronized: 'good',
  AgentConnected: 'good',
  AccessCredentialsSynchronized: 'good',
  DataVolumesReady: 'good',
  Provisioning: 'busy',
  PodScheduled: 'good',
  SoftwareEmulation: 'warning',
  Initialized: 'good',
  ManualRecoveryRequired: 'bad',
} as const satisfies Record<string, Tone>

function isKnown(type: string): type is keyof typeof known {
  return Object.hasOwn(known, type)
}

/** One condition of each type; the guest's own word counts more than the machine's copy of it. */
export function mergeConditions({ vm, vmi }: Machine): Condition[] {
  const byType = new Map<string, Condition>()
  for (const condition of [...(vm.status?.conditions ?? []), ...(vmi?.status?.conditions ?? [])]) {
    byType.set(condition.type, condition)
  }
  return [...byType.values()]
}

/** How the machine is and why, in words; what the cluster says stays in its own. */
export function ConditionsTable({ machine }: { machine: Machine }) {
  const t = useT()
  const conditions = mergeConditions(machine)
  if (conditions.length === 0) return <Content component="p">{t('machine.noConditions')}</Content>
  return (
    <Table aria-label={t('machine.condition.table')} variant="compact" borders={false} gridBreakPoint="grid-md">
      <Thead>
        <Tr>
          <Th width={40}>{t('machine.condition.what')}</Th>
          <Th>{t('machine.condition.state')}</Th>
          <Th>{t('machine.condition.since')}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {conditions.map((condition) => {
          const words = condition.message || condition.reason
          return (
            <Tr key={condition.type}>
              <Td dataLabel={t('machine.condition.what')} modifier="breakWord">
                {isKnown(condition.type) ? t(`machine.condition.${condition.type}`) : condition.type}
                {words && <Content component="small">{words}</Content>}
              </Td>
              <Td dataLabel={t('machine.condition.state')}>
                <StatusLabel tone={toneOf(condition)}>{t(`machine.condition.${answerOf(condition)}`)}</StatusLabel>
              </Td>
              <Td dataLabel={t('machine.condition.since')}>
                <TimeAgo at={condition.lastTransitionTime} />
              </Td>
            </Tr>
          )
        })}
      </Tbody>
    </Table>
  )
}

function answerOf({ status }: Condition): 'true' | 'false' | 'unknown' {
  return status === 'True' ? 'true' : status === 'False' ? 'false' : 'unknown'
}

function toneOf({ type, status }: Condition): Tone {
  if (status === 'Unknown' || !isKnown(type)) return 'unknown'
  if (status === 'True') return known[type]
  // What would be good news is missing; what would be bad news is absent.
  return known[type] === 'good' ? 'off' : 'good'
}
