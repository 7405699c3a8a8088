'use client'

import { Button, Form, FormSelect, FormSelectOption, TextInput } from '@patternfly/react-core'
import { type FormEvent, useId, useState } from 'react'
import { describedBy, FormField } from '../forms/form-field'
import { useT } from '../i18n/use-t'
import { FailureAlert } from '../kube/failure-alert'
import { useAttempt } from '../kube/use-attempt'
import { type Grantee, offeredRoles } from './grants'
import { useGranting } from './use-grants'
import styles from './users.module.css'

export interface GrantFormProps {
  /** The user first, then their groups. */
  grantees: readonly Grantee[]
  /** Undefined: they cannot be listed, so one types. */
  namespaces: readonly string[] | undefined
}

/** The whole cluster, in the list of namespaces: no namespace is called so. */
const everywhere = ''

/** Binds a role to the user or one of their groups. */
export function GrantForm({ grantees, namespaces }: GrantFormProps) {
  const t = useT()
  const id = useId()
  const attempt = useAttempt()
  const { give } = useGranting()
  const [role, setRole] = useState('edit')
  const [namespace, setNamespace] = useState('default')
  const [who, setWho] = useState(0)
  const to = grantees[who] ?? grantees[0]
  const hint = offeredRoles.find((offered) => offered.role === role)?.hint
  const send = async (event: FormEvent) => {
    event.preventDefault()
    if (!to) return
    await attempt.run(() => give({ role, to, ...(namespace === everywhere ? {} : { namespace }) }))
  }
  return (
    <Form onSubmit={(event) => void send(event)} noValidate>
      <FailureAlert failure={attempt.failure} />
      <div className={styles['grant']}>
        {grantees.length > 1 && (
          <FormField label={t('users.access.who')} fieldId={`${id}-who`}>
            <FormSelect id={`${id}-who`} value={who} onChange={(_event, value) => setWho(Number(value))}>
              {grantees.map((grantee, index) => (
                <FormSelectOption
                  key={`${grantee.kind}/${grantee.name}`}
                  value={index}
                  label={t(grantee.kind === 'User' ? 'users.access.themselves' : 'users.access.group', {
                    name: grantee.name,
                  })}
                />
              ))}
            </FormSelect>
          </FormField>
        )}
        <FormField label={t('users.access.role')} fieldId={`${id}-role`} hint={hint && t(`users.access.roles.${hint}`)}>
          <FormSelect
            id={`${id}-role`}
            value={role}
            aria-describedby={describedBy(`${id}-role`)}
            onChange={(_event, value) => setRole(value)}
          >
            {offeredRoles.map((offered) => (
              <FormSelectOption key={offered.role} value={offered.role} label={offered.role} />
            ))}
          </FormSelect>
        </FormField>
        <FormField
          label={t('users.access.where')}
          fieldId={`${id}-where`}
          hint={namespace === everywhere ? t('users.access.everywhereHint') : t('users.access.namespaceHint')}
        >
          {namespaces === undefined ? (
            <TextInput
              id={`${id}-where`}
              value={namespace}
              onChange={(_event, value) => setNamespace(value.trim())}
              aria-describedby={describedBy(`${id}-where`)}
            />
          ) : (
            <FormSelect
              id={`${id}-where`}
              value={namespace}
              aria-describedby={describedBy(`${id}-where`)}
              onChange={(_event, value) => setNamespace(value)}
            >
              <FormSelectOption value={everywhere} label={t('users.access.everywhere')} />
              {namespaces.map((name) => (
                <FormSelectOption key={name} value={name} label={name} />
              ))}
            </FormSelect>
          )}
        </FormField>
        <div className={styles['give']}>
          <Button type="submit" variant="secondary" isLoading={attempt.busy} isDisabled={attempt.busy}>
            {t('users.access.give')}
          </Button>
        </div>
      </div>
    </Form>
  )
}
