'use client'

import { Content, List, ListItem, Spinner } from '@patternfly/react-core'
import { useT } from '../i18n/use-t'
import { toneIcon } from '../ui/status-label'
import type { DeleteResult } from './use-deletion'

const tones = { waiting: 'waiting', done: 'good', failed: 'bad', skipped: 'off' } as const

/** What became of each object so far. */
export function DeleteProgress({ results }: { results: readonly DeleteResult[] }) {
  const t = useT()
  return (
    <List isPlain aria-label={t('machine.delete.steps')} aria-live="polite">
      {results.map(({ step, state, words }) => {
        const Icon = state === 'running' ? undefined : toneIcon(tones[state])
        const machine = step.machine.vm.metadata.name
        return (
          <ListItem
            key={[step.id, machine, step.disk?.key].join(' ')}
            icon={Icon ? <Icon /> : <Spinner size="md" aria-hidden="true" />}
          >
            {t(`machine.delete.step.${step.id}`, { machine, disk: step.disk?.name ?? '' })}:{' '}
            {t(`machine.delete.state.${state}`)}
            {words && <Content component="small">{words}</Content>}
          </ListItem>
        )
      })}
    </List>
  )
}
