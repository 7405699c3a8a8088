'use client'

import { Checkbox, Form, Modal, ModalBody, ModalHeader } from '@patternfly/react-core'
import { type FormEvent, useState } from 'react'
import { DialogFooter } from '../forms/dialog-footer'
import { useT } from '../i18n/use-t'
import { FailureAlert } from '../kube/failure-alert'
import { useAttempt } from '../kube/use-attempt'
import { toast } from '../ui/toast'
import { isLongEnough, NewPasswordField, newPassword } from './new-password-field'
import { useUserCalls } from './use-users'

/** Another password for somebody who lost theirs; their sessions end with the old one. */
export function ResetPassword({ name, onClose }: { name: string; onClose: () => void }) {
  const t = useT()
  const { change } = useUserCalls()
  const attempt = useAttempt()
  const [password, setPassword] = useState(newPassword)
  const [mustChange, setMustChange] = useState(true)
  const send = async (event: FormEvent) => {
    event.preventDefault()
    if (!isLongEnough(password)) return
    const wish = { password: password.value, mustChangePassword: mustChange }
    if (!(await attempt.run(() => change(name, wish)))) return
    toast({ variant: 'success', title: t('users.reset.done', { name }) })
    onClose()
  }
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="reset-title">
      <ModalHeader title={t('users.reset.title', { name })} labelId="reset-title" description={t('users.reset.body')} />
      <ModalBody>
        <Form id="reset-password" onSubmit={(event) => void send(event)} autoComplete="off" noValidate>
          <FailureAlert failure={attempt.failure} />
          <NewPasswordField value={password} onChange={setPassword} />
          <Checkbox
            id="user-must-change"
            label={t('users.mustChange')}
            isChecked={mustChange}
            onChange={(_event, checked) => setMustChange(checked)}
          />
        </Form>
      </ModalBody>
      <DialogFooter
        form="reset-password"
        label={t('users.reset.do')}
        busy={attempt.busy}
        isDisabled={!isLongEnough(password)}
        onClose={onClose}
      />
    </Modal>
  )
}
