'use client'

import { Button, Radio } from '@patternfly/react-core'
import { RedoIcon } from '@patternfly/react-icons'
import { generatePassword } from '@/contract/cloud-init/password'
import { shortestPassword } from '@/contract/people'
import { FormField } from '../forms/form-field'
import { useT } from '../i18n/use-t'
import { PasswordInput } from '../sign-in/password-input'
import { CopyButton } from '../ui/copy-button'
import styles from './users.module.css'

/** A password that somebody else will be told. */
export interface NewPassword {
  how: 'generated' | 'typed'
  value: string
}

export const newPassword = (): NewPassword => ({ how: 'generated', value: generatePassword() })

export const isLongEnough = ({ value }: NewPassword) => value.length >= shortestPassword

/** A generated password to copy, or one to type. */
export function NewPasswordField({
  value: password,
  onChange,
}: {
  value: NewPassword
  onChange: (password: NewPassword) => void
}) {
  const t = useT()
  const short = password.how === 'typed' && password.value !== '' && !isLongEnough(password)
  return (
    <FormField
      label={t('users.password.label')}
      fieldId="user-password"
      role="group"
      hint={
        password.how === 'generated'
          ? t('users.password.handOver')
          : t('profile.password.rules', { count: shortestPassword })
      }
      error={short ? t('profile.password.short', { count: shortestPassword }) : undefined}
    >
      <Radio
        id="password-generated"
        name="password-how"
        label={t('users.password.generated')}
        isChecked={password.how === 'generated'}
        onChange={() => onChange(newPassword())}
      />
      {password.how === 'generated' && (
        <div className={styles['generated']}>
          <code data-testid="generated-password">{password.value}</code>
          <CopyButton text={password.value} label={t('users.password.copy')} />
          <Button
            variant="plain"
            size="sm"
            aria-label={t('users.password.another')}
            icon={<RedoIcon />}
            onClick={() => onChange(newPassword())}
          />
        </div>
      )}
      <Radio
        id="password-typed"
        name="password-how"
        label={t('users.password.typed')}
        isChecked={password.how === 'typed'}
        onChange={() => onChange({ how: 'typed', value: '' })}
      />
      {password.how === 'typed' && (
        <PasswordInput
          id="user-password"
          value={password.value}
          onChange={(value) => onChange({ how: 'typed', value })}
          autoComplete="new-password"
          autoFocus
          invalid={short}
        />
      )}
    </FormField>
  )
}
