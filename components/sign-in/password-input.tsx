'use client'

import { Button, InputGroup, InputGroupItem, TextInput } from '@patternfly/react-core'
import { EyeIcon, EyeSlashIcon } from '@patternfly/react-icons'
import { useState } from 'react'
import { useT } from '../i18n/use-t'

export interface PasswordInputProps {
  id: string
  value: string
  onChange: (value: string) => void
  autoComplete: 'current-password' | 'new-password' | 'off'
  autoFocus?: boolean
  invalid?: boolean
}

/** A secret to type, hidden until one asks to see it. */
export function PasswordInput({ id, value, onChange, autoComplete, autoFocus, invalid }: PasswordInputProps) {
  const t = useT()
  const [shown, setShown] = useState(false)
  return (
    <InputGroup>
      <InputGroupItem isFill>
        <TextInput
          id={id}
          type={shown ? 'text' : 'password'}
          value={value}
          onChange={(_event, next) => onChange(next)}
          autoComplete={autoComplete}
          autoCapitalize="none"
          spellCheck={false}
          autoFocus={autoFocus ?? false}
          validated={invalid ? 'error' : 'default'}
          aria-describedby={`${id}-help`}
        />
      </InputGroupItem>
      <InputGroupItem>
        <Button
          variant="control"
          aria-label={t(shown ? 'signIn.password.hide' : 'signIn.password.show')}
          aria-controls={id}
          icon={shown ? <EyeSlashIcon /> : <EyeIcon />}
          onClick={() => setShown(!shown)}
        />
      </InputGroupItem>
    </InputGroup>
  )
}
