'use client'

import { Button, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core'
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import { useT } from '../i18n/use-t'
import { StatusLabel, type Tone } from '../ui/status-label'
import { useStore } from '../ui/store'
import { type BulkState, bulkRun } from './bulk-run'
import { machineKey } from './machine'

const tones: Record<BulkState, Tone> = {
  waiting: 'waiting',
  running: 'busy',
  done: 'good',
  failed: 'bad',
  skipped: 'off',
}

/** What became of each machine of a bulk action; what failed can be tried again. */
export function BulkResult({ onRetry }: { onRetry: () => void }) {
  const t = useT()
  const run = useStore(bulkRun)
  if (run === undefined) return null
  const count = (state: BulkState) => run.rows.filter((row) => row.state === state).length
  const busy = count('waiting') + count('running') > 0
  const close = () => bulkRun.set(() => undefined)
  return (
    <Modal isOpen variant="medium" onClose={close} aria-labelledby="bulk-title">
      <ModalHeader
        labelId="bulk-title"
        title={t('machines.bulk.title', { action: t(`machines.action.${run.action}`) })}
        description={t('machines.bulk.summary', {
          done: count('done'),
          failed: count('failed'),
          skipped: count('skipped'),
          total: run.rows.length,
        })}
      />
      <ModalBody tabIndex={0} aria-label={t('machines.bulk.results')}>
        <Table variant="compact" aria-label={t('machines.bulk.results')}>
          <Thead>
            <Tr>
              <Th width={30}>{t('machines.column.name')}</Th>
              <Th width={20}>{t('machines.bulk.result')}</Th>
              <Th>{t('machines.bulk.words')}</Th>
            </Tr>
          </Thead>
          <Tbody>
            {run.rows.map((row) => (
              <Tr key={machineKey(row.machine)}>
                <Td dataLabel={t('machines.column.name')}>{machineKey(row.machine)}</Td>
                <Td dataLabel={t('machines.bulk.result')}>
                  <StatusLabel tone={tones[row.state]}>{t(`machines.bulk.state.${row.state}`)}</StatusLabel>
                </Td>
                <Td dataLabel={t('machines.bulk.words')}>{row.words ?? ''}</Td>
              </Tr>
            ))}
          </Tbody>
        </Table>
      </ModalBody>
      <ModalFooter>
        {count('failed') > 0 && (
          <Button variant="primary" isDisabled={busy} onClick={onRetry}>
            {t('machines.bulk.retry', { count: count('failed') })}
          </Button>
        )}
        <Button variant={count('failed') > 0 ? 'secondary' : 'primary'} onClick={close}>
          {t('machines.bulk.close')}
        </Button>
      </ModalFooter>
    </Modal>
  )
}
