'use client'

import { Checkbox, Form, Modal, ModalBody, ModalHeader, TextInput } from '@patternfly/react-core'
import { type FormEvent, useState } from 'react'
import type { LocalUser } from '@/contract/people'
import { DialogFooter } from '../forms/dialog-footer'
import { FormField } from '../forms/form-field'
import { useT } from '../i18n/use-t'
import { FailureAlert } from '../kube/failure-alert'
import { useAttempt } from '../kube/use-attempt'
import { readGroups, unfitGroup } from './group-names'
import { GroupsField } from './groups-field'
import { useUserCalls } from './use-users'

/** Full name, groups, and whether the user looks after the console. */
export function EditUser({ user, onClose }: { user: LocalUser; onClose: () => void }) {
  const t = useT()
  const { change } = useUserCalls()
  const attempt = useAttempt()
  const [displayName, setDisplayName] = useState(user.displayName)
  const [groups, setGroups] = useState(user.groups.join(', '))
  const [administrator, setAdministrator] = useState(user.administrator)
  const send = async (event: FormEvent) => {
    event.preventDefault()
    if (unfitGroup(groups) !== undefined) return
    const wish = { displayName: displayName.trim(), groups: readGroups(groups), administrator }
    if (await attempt.run(() => change(user.name, wish))) onClose()
  }
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="edit-user-title">
      <ModalHeader title={t('users.edit.title', { name: user.name })} labelId="edit-user-title" />
      <ModalBody>
        <Form id="edit-user" onSubmit={(event) => void send(event)} noValidate>
          <FailureAlert failure={attempt.failure} />
          <FormField label={t('users.displayName')} fieldId="user-display-name">
            <TextInput
              id="user-display-name"
              value={displayName}
              maxLength={128}
              autoFocus
              onChange={(_event, value) => setDisplayName(value)}
            />
          </FormField>
          <GroupsField value={groups} onChange={setGroups} />
          <Checkbox
            id="user-administrator"
            label={t('users.administrator')}
            description={t('users.administratorHint')}
            isChecked={administrator}
            onChange={(_event, checked) => setAdministrator(checked)}
          />
        </Form>
      </ModalBody>
      <DialogFooter
        form="edit-user"
        label={t('users.edit.save')}
        busy={attempt.busy}
        isDisabled={unfitGroup(groups) !== undefined}
        onClose={onClose}
      />
    </Modal>
  )
}
