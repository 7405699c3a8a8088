'use client'

import { FormSelect, FormSelectOption, TextInput } from '@patternfly/react-core'
import { useMemo } from 'react'
import { persistentVolumeClaimKind } from '@/contract/kinds/core'
import { describedBy, FormField } from '../../forms/form-field'
import { useT } from '../../i18n/use-t'
import { FailureView } from '../../kube/failure-view'
import { useList } from '../../kube/use-list'
import { fieldError } from './problem-text'
import type { CreateForm, Refusal } from './use-create-form'

interface SourceFieldsProps {
  form: CreateForm
  refusal: Refusal | undefined
}

/** What only the person knows of a source that is not in the catalog. */
export function UrlFields({ form, refusal }: SourceFieldsProps) {
  const t = useT()
  return (
    <>
      <form.Field name="source.url">
        {(field) => {
          const error = fieldError(field, { name: 'source.url', refusal, t })
          return (
            <FormField
              label={t('create.field.url')}
              fieldId="source-url"
              required
              error={error}
              hint={t('create.field.urlHint')}
            >
              <TextInput
                id="source-url"
                type="url"
                value={field.state.value}
                onChange={(_event, value) => field.handleChange(value.trim())}
                onBlur={field.handleBlur}
                validated={error === undefined ? 'default' : 'error'}
                aria-describedby={describedBy('source-url')}
                placeholder="https://"
              />
            </FormField>
          )
        }}
      </form.Field>
      <form.Field name="source.checksum">
        {(field) => {
          const error = fieldError(field, { name: 'source.checksum', refusal, t })
          return (
            <FormField
              label={t('create.field.checksum')}
              fieldId="source-checksum"
              error={error}
              hint={t('create.field.checksumHint')}
            >
              <TextInput
                id="source-checksum"
                value={field.state.value}
                onChange={(_event, value) => field.handleChange(value.trim().toLowerCase())}
                onBlur={field.handleBlur}
                validated={error === undefined ? 'default' : 'error'}
                aria-describedby={describedBy('source-checksum')}
                placeholder="sha256:"
                spellCheck={false}
              />
            </FormField>
          )
        }}
      </form.Field>
    </>
  )
}

/** Which disk of this cluster is copied; its size becomes the new disk's. */
export function ClaimField({ form, refusal }: SourceFieldsProps) {
  const t = useT()
  const { items, loaded, error: failure } = useList(persistentVolumeClaimKind)
  const claims = useMemo(
    () =>
      [...items]
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map(({ metadata, status, spec }) => ({
          namespace: metadata.namespace ?? '',
          name: metadata.name,
          size: status?.capacity?.storage ?? spec.resources?.requests?.storage ?? '',
        }))
        .sort((a, b) => `${a.namespace}/${a.name}`.localeCompare(`${b.namespace}/${b.name}`)),
    [items],
  )
  if (failure && !loaded) return <FailureView failure={failure} small />
  return (
    <form.Field name="source.name">
      {(field) => {
        const error = fieldError(field, { name: 'source.name', refusal, t })
        const { source } = field.form.state.values
        const chosen = source.type === 'clone' && source.name !== '' ? `${source.namespace}/${source.name}` : ''
        return (
          <FormField
            label={t('create.field.claim')}
            fieldId="source-claim"
            required
            error={error}
            hint={loaded && claims.length === 0 ? t('create.field.claimNone') : undefined}
          >
            <FormSelect
              id="source-claim"
              value={chosen}
              onBlur={field.handleBlur}
              onChange={(_event, value) => {
                const claim = claims.find(({ namespace, name }) => `${namespace}/${name}` === value)
                if (!claim) return
                form.setFieldValue('source', { type: 'clone', namespace: claim.namespace, name: claim.name })
                if (/^[1-9]\d*(Mi|Gi|Ti)$/.test(claim.size)) form.setFieldValue('diskSize', claim.size)
              }}
              validated={error === undefined ? 'default' : 'error'}
              aria-describedby={describedBy('source-claim')}
            >
              <FormSelectOption value="" label={t('create.field.claimChoose')} isPlaceholder />
              {claims.map(({ namespace, name, size }) => (
                <FormSelectOption
                  key={`${namespace}/${name}`}
                  value={`${namespace}/${name}`}
                  label={`${namespace}/${name} ${size && `(${size})`}`}
                />
              ))}
            </FormSelect>
          </FormField>
        )
      }}
    </form.Field>
  )
}
