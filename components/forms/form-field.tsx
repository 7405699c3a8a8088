'use client'

import { FormGroup, FormHelperText, HelperText, HelperTextItem } from '@patternfly/react-core'
import type { ReactNode } from 'react'

export interface FormFieldProps {
  label: string
  /** The id of the control; its help has this id with `-help` behind it. */
  fieldId: string
  required?: boolean
  /** What is wrong; shown instead of the hint. */
  error?: string | undefined
  hint?: ReactNode
  /** `group` for several controls under one label. */
  role?: 'group' | 'radiogroup'
  children: ReactNode
}

/** A labelled control with its hint or its error below. The control points to them with `describedBy(fieldId)`. */
export function FormField({ label, fieldId, required, error, hint, role, children }: FormFieldProps) {
  return (
    <FormGroup label={label} fieldId={fieldId} isRequired={required ?? false} {...(role === undefined ? {} : { role })}>
      {children}
      <FormHelperText id={describedBy(fieldId)} aria-live="polite">
        {(error ?? hint) !== undefined && (
          <HelperText>
            <HelperTextItem variant={error === undefined ? 'default' : 'error'}>{error ?? hint}</HelperTextItem>
          </HelperText>
        )}
      </FormHelperText>
    </FormGroup>
  )
}

/** The id of a field's help text. */
export function describedBy(fieldId: string): string {
  return `${fieldId}-help`
}
