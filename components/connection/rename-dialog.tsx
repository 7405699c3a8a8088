'use client'

import { Button, Form, Modal, ModalBody, ModalFooter, ModalHeader, TextInput } from '@patternfly/react-core'
import { type FormEvent, useState } from 'react'
import type { ConnectionInfo } from '@/contract/connections'
import { describedBy, FormField } from '../forms/form-field'
import { useT } from '../i18n/use-t'
import { FailureAlert } from '../kube/failure-alert'
import { useAttempt } from '../kube/use-attempt'
import { useRenameConnection } from './use-connections'

/** Other words for a connection; its address stays as it is. */
export function RenameDialog({ connection, onClose }: { connection: ConnectionInfo; onClose: () => void }) {
  const t = useT()
  const { mutateAsync } = useRenameConnection()
  const attempt = useAttempt()
  const [name, setName] = useState(connection.displayName)
  const words = name.trim()
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (words === '') return
    const renamed = await attempt.run(async () => {
      await mutateAsync({ name: connection.name, displayName: words })
    })
    if (renamed) onClose()
  }
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="rename-title">
      <ModalHeader title={t('connection.rename.title', { cluster: connection.displayName })} labelId="rename-title" />
      <ModalBody>
        <Form id="rename-form" onSubmit={(event) => void submit(event)}>
          <FailureAlert failure={attempt.failure} />
          <FormField label={t('connection.add.name')} fieldId="rename-name" required hint={t('connection.rename.hint')}>
            <TextInput
              id="rename-name"
              aria-describedby={describedBy('rename-name')}
              value={name}
              maxLength={100}
              autoFocus
              onChange={(_event, value) => setName(value)}
            />
          </FormField>
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button
          type="submit"
          form="rename-form"
          variant="primary"
          isDisabled={words === '' || attempt.busy}
          isLoading={attempt.busy}
        >
          {t('connection.rename.action')}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t('ui.confirm.cancel')}
        </Button>
      </ModalFooter>
    </Modal>
  )
}
