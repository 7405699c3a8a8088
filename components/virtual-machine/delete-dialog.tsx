'use client'

import {
  Alert,
  Button,
  Checkbox,
  Content,
  Flex,
  Form,
  FormGroup,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  TextInput,
} from '@patternfly/react-core'
import { useState } from 'react'
import { useT } from '../i18n/use-t'
import { failureSentence } from '../kube/errors'
import { LoadingView } from '../ui/views'
import type { MachineDisk } from './delete-plan'
import { DeleteProgress } from './delete-progress'
import type { Machine } from './machine'
import { useDeletion } from './use-deletion'
import { useMachineDisks } from './use-machine-disks'

export interface DeleteDialogProps {
  machines: readonly Machine[]
  onClose: () => void
}

/** Asks what goes with the machines, deletes it, and says for each object what became of it. */
export function DeleteDialog({ machines, onClose }: DeleteDialogProps) {
  const t = useT()
  const disks = useMachineDisks(machines)
  const deletion = useDeletion(machines, onClose)
  // What a person has not touched follows what is sensible, also when disks appear while the dialog is open.
  const [choices, setChoices] = useState<ReadonlyMap<string, boolean>>(new Map())
  const [typed, setTyped] = useState('')
  const kept = new Set(
    disks.items.map(({ key }) => key).filter((key) => choices.get(key) ?? disks.keptAtFirst.has(key)),
  )
  const count = machines.length
  const ready = disks.settled && (count === 1 || typed === String(count))
  const running = machines.filter(({ vmi }) => vmi?.status?.phase === 'Running').map(({ vm }) => vm.metadata.name)
  const choose = (keys: readonly string[], keep: boolean) =>
    setChoices((old) => new Map([...old, ...keys.map((key) => [key, keep] as const)]))

  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="delete-title" aria-describedby="delete-body">
      <ModalHeader
        title={t('machine.delete.title', { count, name: machines[0]?.vm.metadata.name ?? '' })}
        titleIconVariant="warning"
        labelId="delete-title"
      />
      <ModalBody id="delete-body">
        {deletion.results.length > 0 ? (
          <DeleteProgress results={deletion.results} />
        ) : (
          <Flex direction={{ default: 'column' }} gap={{ default: 'gapMd' }}>
            {running.length > 0 && (
              <Alert
                component="p"
                isInline
                variant="warning"
                title={t('machine.delete.running', { count: running.length, names: running.join(', ') })}
              />
            )}
            {disks.failure && (
              <Alert component="p" isInline variant="danger" title={t('machine.delete.disksFailed')}>
                {failureSentence(disks.failure, t)}
              </Alert>
            )}
            {disks.settled ? (
              <DiskChoice disks={disks.items} kept={kept} onChoose={choose} withMachine={count > 1} />
            ) : (
              <LoadingView lines={2} label={t('machine.delete.disksLoading')} />
            )}
            {count > 1 && (
              <Form onSubmit={(event) => event.preventDefault()}>
                <FormGroup label={t('machine.delete.confirmCount', { count })} fieldId="delete-count">
                  <TextInput
                    id="delete-count"
                    value={typed}
                    onChange={(_event, value) => setTyped(value)}
                    autoComplete="off"
                    inputMode="numeric"
                  />
                </FormGroup>
              </Form>
            )}
          </Flex>
        )}
      </ModalBody>
      <ModalFooter>
        {deletion.results.length === 0 ? (
          <Button variant="danger" isDisabled={!ready} onClick={() => deletion.start(disks.items, kept)}>
            {t('machine.delete.go')}
          </Button>
        ) : (
          deletion.failed && (
            <Button variant="danger" isDisabled={deletion.busy} onClick={deletion.retry}>
              {t('machine.delete.retry')}
            </Button>
          )
        )}
        <Button variant="link" onClick={onClose}>
          {t(deletion.results.length === 0 ? 'machine.delete.cancel' : 'machine.delete.close')}
        </Button>
      </ModalFooter>
    </Modal>
  )
}

interface DiskChoiceProps {
  disks: readonly MachineDisk[]
  kept: ReadonlySet<string>
  onChoose: (keys: readonly string[], keep: boolean) => void
  withMachine: boolean
}

function DiskChoice({ disks, kept, onChoose, withMachine }: DiskChoiceProps) {
  const t = useT()
  if (disks.length === 0) return <Content component="p">{t('machine.delete.noDisks')}</Content>
  const keys = disks.map(({ key }) => key)
  return (
    <Form>
      <FormGroup role="group" label={t('machine.delete.disks')} fieldId="delete-disks" isStack>
        <Content component="small">{t('machine.delete.disksHint')}</Content>
        {disks.length > 1 && (
          <Flex gap={{ default: 'gapMd' }}>
            <Button variant="link" isInline onClick={() => onChoose(keys, false)}>
              {t('machine.delete.all')}
            </Button>
            <Button variant="link" isInline onClick={() => onChoose(keys, true)}>
              {t('machine.delete.none')}
            </Button>
          </Flex>
        )}
        {disks.map((disk) => (
          <Checkbox
            key={disk.key}
            id={`delete-disk-${disk.key.replaceAll('/', '-')}`}
            label={[withMachine ? disk.key : disk.name, disk.size].filter(Boolean).join(' · ')}
            description={notesOf(disk)}
            isChecked={!kept.has(disk.key)}
            onChange={(_event, checked) => onChoose([disk.key], !checked)}
          />
        ))}
      </FormGroup>
    </Form>
  )

  function notesOf({ owned, sharedWith }: MachineDisk): string {
    return [
      owned ? '' : t('machine.delete.notOwned'),
      sharedWith.length > 0 ? t('machine.delete.shared', { names: sharedWith.join(', ') }) : '',
    ]
      .filter(Boolean)
      .join('; ')
  }
}
