'use client'

import { Checkbox, Form, Modal, ModalBody, ModalHeader, TextInput } from '@patternfly/react-core'
import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { localUserName } from '@/contract/people'
import { DialogFooter } from '../forms/dialog-footer'
import { describedBy, FormField } from '../forms/form-field'
import { useT } from '../i18n/use-t'
import { FailureAlert } from '../kube/failure-alert'
import { useAttempt } from '../kube/use-attempt'
import { paths } from '../shell/paths'
import { toast } from '../ui/toast'
import { readGroups, unfitGroup } from './group-names'
import { GroupsField } from './groups-field'
import { isLongEnough, NewPasswordField, newPassword } from './new-password-field'
import { useUserCalls } from './use-users'

/** A new local user; what they may do in clusters is granted on the page that opens next. */
export function CreateUser({ taken, onClose }: { taken: readonly string[]; onClose: () => void }) {
  const t = useT()
  const router = useRouter()
  const { create } = useUserCalls()
  const attempt = useAttempt()
  const [name, setName] = useState('')
  const [displayName, setDisplayName] = useState('')
  const [groups, setGroups] = useState('')
  const [administrator, setAdministrator] = useState(false)
  const [mustChange, setMustChange] = useState(true)
  const [password, setPassword] = useState(newPassword)
  const nameError = name === '' ? undefined : nameProblem(name, taken)
  const ready = name !== '' && nameError === undefined && isLongEnough(password) && unfitGroup(groups) === undefined
  const send = async (event: FormEvent) => {
    event.preventDefault()
    if (!ready) return
    const ok = await attempt.run(() =>
      create({
        name,
        displayName: displayName.trim(),
        password: password.value,
        administrator,
        groups: readGroups(groups),
        mustChangePassword: mustChange,
      }),
    )
    if (!ok) return
    toast({ variant: 'success', title: t('users.created', { name }) })
    router.push(paths.user(name))
  }
  return (
    <Modal isOpen variant="medium" onClose={onClose} aria-labelledby="create-user-title">
      <ModalHeader title={t('users.create')} labelId="create-user-title" />
      <ModalBody>
        <Form id="create-user" onSubmit={(event) => void send(event)} autoComplete="off" noValidate>
          <FailureAlert failure={attempt.failure} />
          <FormField
            label={t('users.column.name')}
            fieldId="user-name"
            required
            hint={t('users.nameHint')}
            error={nameError && t(`users.nameProblem.${nameError}`)}
          >
            <TextInput
              id="user-name"
              value={name}
              onChange={(_event, value) => setName(value)}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              autoFocus
              isRequired
              validated={nameError === undefined ? 'default' : 'error'}
              aria-describedby={describedBy('user-name')}
            />
          </FormField>
          <FormField label={t('users.displayName')} fieldId="user-display-name">
            <TextInput
              id="user-display-name"
              value={displayName}
              maxLength={128}
              onChange={(_event, value) => setDisplayName(value)}
            />
          </FormField>
          <NewPasswordField value={password} onChange={setPassword} />
          <Checkbox
            id="user-must-change"
            label={t('users.mustChange')}
            isChecked={mustChange}
            onChange={(_event, checked) => setMustChange(checked)}
          />
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
        form="create-user"
        label={t('users.create')}
        busy={attempt.busy}
        isDisabled={!ready}
        onClose={onClose}
      />
    </Modal>
  )
}

function nameProblem(name: string, taken: readonly string[]): 'taken' | 'unfit' | undefined {
  if (taken.includes(name)) return 'taken'
  return localUserName.safeParse(name).success ? undefined : 'unfit'
}
