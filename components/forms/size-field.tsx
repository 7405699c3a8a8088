'use client'

import { FormSelect, FormSelectOption, InputGroup, InputGroupItem, TextInput } from '@patternfly/react-core'
import { useT } from '../i18n/use-t'
import { describedBy, FormField } from './form-field'

const units = { Mi: 'MiB', Gi: 'GiB', Ti: 'TiB' } as const
type Unit = keyof typeof units

export interface SizeFieldProps {
  label: string
  fieldId: string
  /** A number and a binary unit, `10Gi`; while somebody types, the number may be anything. */
  value: string
  onChange: (value: string) => void
  onBlur: () => void
  error?: string | undefined
  hint?: string | undefined
}

/** An amount of memory or storage: a number and its unit. */
export function SizeField({ label, fieldId, value, onChange, onBlur, error, hint }: SizeFieldProps) {
  const t = useT()
  const { amount, unit } = splitSize(value)
  return (
    <FormField label={label} fieldId={fieldId} required error={error} hint={hint}>
      <InputGroup style={{ maxInlineSize: '16rem' }}>
        <InputGroupItem isFill>
          <TextInput
            id={fieldId}
            inputMode="numeric"
            value={amount}
            onChange={(_event, next) => onChange(`${next.trim()}${unit}`)}
            onBlur={onBlur}
            validated={error === undefined ? 'default' : 'error'}
            aria-describedby={describedBy(fieldId)}
          />
        </InputGroupItem>
        <InputGroupItem style={{ flex: '0 0 7rem' }}>
          <FormSelect
            id={`${fieldId}-unit`}
            aria-label={t('create.field.unit', { field: label })}
            value={unit}
            onChange={(_event, next) => onChange(`${amount}${next}`)}
          >
            {Object.entries(units).map(([key, name]) => (
              <FormSelectOption key={key} value={key} label={name} />
            ))}
          </FormSelect>
        </InputGroupItem>
      </InputGroup>
    </FormField>
  )
}

/** `10Gi` → 10 and Gi; what has no unit is in GiB. */
export function splitSize(value: string): { amount: string; unit: Unit } {
  const match = /^(.*)(Mi|Gi|Ti)$/.exec(value)
  // The expression allows these three units only.
  return match ? { amount: match[1] ?? '', unit: match[2] as Unit } : { amount: value, unit: 'Gi' }
}
