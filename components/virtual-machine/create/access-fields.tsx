'use client'

import {
  Alert,
  Button,
  Checkbox,
  FormSelect,
  FormSelectOption,
  InputGroup,
  InputGroupItem,
  TextInput,
} from '@patternfly/react-core'
import { SyncAltIcon } from '@patternfly/react-icons'
import { useState } from 'react'
import { generatePassword } from '@/contract/cloud-init/password'
import { describedBy, FormField } from '../../forms/form-field'
import { useT } from '../../i18n/use-t'
import { CopyButton } from '../../ui/copy-button'
import { initialAccess } from './initial-form'
import { fieldError } from './problem-text'
import { SshKeys } from './ssh-keys'
import type { CreateForm, Refusal } from './use-create-form'
import { useKnownSshKeys } from './use-known-ssh-keys'

export interface AccessFieldsProps {
  form: CreateForm
  refusal: Refusal | undefined
  /** The image's own user, for when a person turns the log-in on again. */
  user: string
  /** Whether the way of telling the guest is open to choice: the catalog knows it for its images. */
  seedIsOpen: boolean
}

/** How one will get into the guest. */
export function AccessFields({ form, refusal, user, seedIsOpen }: AccessFieldsProps) {
  const t = useT()
  const { known } = useKnownSshKeys()
  return (
    <>
      {seedIsOpen && (
        <form.Field name="seed">
          {(field) => (
            <FormField label={t('create.field.seed')} fieldId="seed">
              <FormSelect
                id="seed"
                value={field.state.value}
                onChange={(_event, value) => {
                  const seed = seeds.find((candidate) => candidate === value)
                  if (!seed) return
                  const access = initialAccess(
                    seed,
                    user,
                    known.map(({ key }) => key),
                  )
                  form.setFieldValue('seed', access.seed)
                  form.setFieldValue('user', access.user)
                  form.setFieldValue('password', access.password)
                  form.setFieldValue('sshKeys', access.sshKeys)
                }}
              >
                {seeds.map((seed) => (
                  <FormSelectOption key={seed} value={seed} label={t(`create.seed.${seed}`)} />
                ))}
              </FormSelect>
            </FormField>
          )}
        </form.Field>
      )}
      <form.Subscribe selector={({ values }) => values.seed}>
        {(seed) =>
          seed === 'none' ? null : (
            <>
              <UserField form={form} refusal={refusal} />
              {seed === 'cloud-init' ? (
                <PasswordField form={form} refusal={refusal} />
              ) : (
                <Alert component="p" isInline isPlain variant="info" title={t('create.field.passwordNotOffered')} />
              )}
              <SshKeys form={form} refusal={refusal} />
            </>
          )
        }
      </form.Subscribe>
    </>
  )
}

const seeds = ['cloud-init', 'ignition', 'none'] as const

function UserField({ form, refusal }: Pick<AccessFieldsProps, 'form' | 'refusal'>) {
  const t = useT()
  return (
    <form.Field name="user">
      {(field) => {
        const error = fieldError(field, { name: 'user', refusal, t })
        return (
          <FormField label={t('create.field.user')} fieldId="user" required error={error}>
            <TextInput
              id="user"
              value={field.state.value}
              onChange={(_event, value) => field.handleChange(value)}
              onBlur={field.handleBlur}
              validated={error === undefined ? 'default' : 'error'}
              aria-describedby={describedBy('user')}
              autoComplete="off"
              spellCheck={false}
              style={{ maxInlineSize: '28rem' }}
            />
          </FormField>
        )
      }}
    </form.Field>
  )
}

function PasswordField({ form, refusal }: Pick<AccessFieldsProps, 'form' | 'refusal'>) {
  const t = useT()
  // Turned off and on again, the same password comes back: it may have been copied already.
  const [last, setLast] = useState('')
  return (
    <form.Field name="password">
      {(field) => {
        const error = fieldError(field, { name: 'password', refusal, t })
        const password = field.state.value
        return (
          <>
            <Checkbox
              id="with-password"
              label={t('create.field.password')}
              isChecked={password !== ''}
              onChange={(_event, checked) => {
                if (!checked) setLast(password)
                field.handleChange(checked ? last || generatePassword() : '')
              }}
            />
            {(password !== '' || error !== undefined) && (
              <FormField
                label={t('create.field.passwordValue')}
                fieldId="password"
                error={error}
                hint={t('create.field.passwordHint')}
              >
                {password !== '' && (
                  <InputGroup style={{ maxInlineSize: '28rem' }}>
                    <InputGroupItem isFill>
                      <TextInput
                        id="password"
                        value={password}
                        onChange={(_event, value) => field.handleChange(value)}
                        onBlur={field.handleBlur}
                        validated={error === undefined ? 'default' : 'error'}
                        aria-describedby={describedBy('password')}
                        autoComplete="off"
                        spellCheck={false}
                        style={{ fontFamily: 'var(--pf-t--global--font--family--mono)' }}
                      />
                    </InputGroupItem>
                    <InputGroupItem>
                      <CopyButton text={password} />
                    </InputGroupItem>
                    <InputGroupItem>
                      <Button
                        variant="plain"
                        size="sm"
                        aria-label={t('create.field.passwordAgain')}
                        icon={<SyncAltIcon />}
                        onClick={() => field.handleChange(generatePassword())}
                      />
                    </InputGroupItem>
                  </InputGroup>
                )}
              </FormField>
            )}
          </>
        )
      }}
    </form.Field>
  )
}
