'use client'

import { Button, Checkbox, Flex, TextArea } from '@patternfly/react-core'
import { PlusCircleIcon, TrashIcon } from '@patternfly/react-icons'
import { useState } from 'react'
import { readSshPublicKey } from '@/contract/cloud-init/ssh-public-key'
import type { Profile } from '@/contract/people'
import { describedBy, FormField } from '../../forms/form-field'
import { useT } from '../../i18n/use-t'
import { fieldError, problemText } from './problem-text'
import type { CreateForm, Refusal } from './use-create-form'
import { useKnownSshKeys } from './use-known-ssh-keys'

/** The public keys that may log in: those of the profile to tick, and new ones to paste. */
export function SshKeys({ form, refusal }: { form: CreateForm; refusal: Refusal | undefined }) {
  const t = useT()
  const { known, remember, forget } = useKnownSshKeys()
  const [adding, setAdding] = useState(false)
  const nameOf = (key: string) => keyName(key, known)
  return (
    <form.Field name="sshKeys">
      {(field) => {
        const selected = field.state.value
        const knownKeys = known.map(({ key }) => key)
        const shown = [...knownKeys, ...selected.filter((key) => !knownKeys.includes(key))]
        return (
          <FormField
            label={t('create.field.sshKeys')}
            fieldId="ssh-keys"
            role="group"
            error={fieldError(field, { name: 'sshKeys', refusal, t })}
          >
            {shown.map((key, index) => (
              <Flex key={key} gap={{ default: 'gapSm' }} alignItems={{ default: 'alignItemsCenter' }}>
                <Checkbox
                  id={`ssh-key-${index}`}
                  label={nameOf(key)}
                  isChecked={selected.includes(key)}
                  onChange={(_event, checked) =>
                    field.handleChange(checked ? [...selected, key] : selected.filter((other) => other !== key))
                  }
                />
                <Button
                  variant="plain"
                  size="sm"
                  aria-label={t('create.field.sshForget', { key: nameOf(key) })}
                  icon={<TrashIcon />}
                  onClick={() => {
                    forget(key)
                    field.handleChange(selected.filter((other) => other !== key))
                  }}
                />
              </Flex>
            ))}
            {adding ? (
              <NewKey
                onAdd={(key, keep) => {
                  if (keep) remember(key)
                  if (!selected.includes(key)) field.handleChange([...selected, key])
                  setAdding(false)
                }}
              />
            ) : (
              <Button variant="link" isInline icon={<PlusCircleIcon />} onClick={() => setAdding(true)}>
                {t('create.field.sshAdd')}
              </Button>
            )}
          </FormField>
        )
      }}
    </form.Field>
  )
}

function NewKey({ onAdd }: { onAdd: (key: string, remember: boolean) => void }) {
  const t = useT()
  const [text, setText] = useState('')
  const [remember, setRemember] = useState(true)
  const [tried, setTried] = useState(false)
  const read = readSshPublicKey(text)
  const problem = typeof read === 'string' ? read : undefined
  // What is plainly wrong is said at once; an empty field only when one insists.
  const error = problem !== undefined && (tried || text !== '') ? problemText(`sshKey.${problem}`, t) : undefined
  return (
    <FormField label={t('create.field.sshAdd')} fieldId="ssh-new" error={error} hint={t('create.field.sshHint')}>
      <TextArea
        id="ssh-new"
        value={text}
        onChange={(_event, value) => setText(value)}
        rows={3}
        autoFocus
        spellCheck={false}
        placeholder={t('create.field.sshPlaceholder')}
        aria-describedby={describedBy('ssh-new')}
        validated={error === undefined ? 'default' : 'error'}
        style={{ fontFamily: 'var(--pf-t--global--font--family--mono)' }}
      />
      <Checkbox
        id="ssh-remember"
        label={t('create.field.sshRemember')}
        isChecked={remember}
        onChange={(_event, checked) => setRemember(checked)}
      />
      <Button
        variant="secondary"
        size="sm"
        onClick={() => {
          setTried(true)
          if (problem === undefined) onAdd(text.trim(), remember)
        }}
      >
        {t('create.field.sshAddNow')}
      </Button>
    </FormField>
  )
}

/** What the person calls the key, else its comment, else its type and end: enough to tell it from another. */
function keyName(key: string, known: Profile['sshKeys']): string {
  const read = readSshPublicKey(key)
  if (typeof read === 'string') return key.slice(0, 32)
  const name = known.find((entry) => entry.key === key)?.name ?? read.comment
  return name === '' ? `${read.type} …${read.blob.slice(-8)}` : `${name} (${read.type})`
}
