'use client'

import { TextInput } from '@patternfly/react-core'
import { describedBy, FormField } from '../forms/form-field'
import { useT } from '../i18n/use-t'
import { unfitGroup } from './group-names'

/** The groups of a user, which roles of a cluster can be bound to. */
export function GroupsField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const t = useT()
  const unfit = unfitGroup(value)
  return (
    <FormField
      label={t('users.column.groups')}
      fieldId="user-groups"
      hint={t('users.groupsHint')}
      error={unfit === undefined ? undefined : t('users.groupUnfit', { group: unfit })}
    >
      <TextInput
        id="user-groups"
        value={value}
        onChange={(_event, next) => onChange(next)}
        autoCapitalize="none"
        spellCheck={false}
        validated={unfit === undefined ? 'default' : 'error'}
        aria-describedby={describedBy('user-groups')}
      />
    </FormField>
  )
}
