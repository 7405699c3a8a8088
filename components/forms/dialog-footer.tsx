'use client'

import { Button, ModalFooter } from '@patternfly/react-core'
import { useT } from '../i18n/use-t'

export interface DialogFooterProps {
  /** The id of the form that the button sends. */
  form: string
  label: string
  busy: boolean
  isDisabled?: boolean
  danger?: boolean
  onClose: () => void
}

/** The buttons below a form in a dialog. */
export function DialogFooter({ form, label, busy, isDisabled, danger, onClose }: DialogFooterProps) {
  const t = useT()
  return (
    <ModalFooter>
      <Button
        type="submit"
        form={form}
        variant={danger ? 'danger' : 'primary'}
        isLoading={busy}
        isDisabled={busy || isDisabled === true}
      >
        {label}
      </Button>
      <Button variant="link" onClick={onClose}>
        {t('ui.confirm.cancel')}
      </Button>
    </ModalFooter>
  )
}
