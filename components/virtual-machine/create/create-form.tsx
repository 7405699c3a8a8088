'use client'

import {
  Alert,
  Button,
  Card,
  CardBody,
  Checkbox,
  Flex,
  Form,
  FormSection,
  FormSelect,
  FormSelectOption,
  InputGroup,
  InputGroupItem,
  List,
  ListItem,
  TextInput,
} from '@patternfly/react-core'
import { SyncAltIcon } from '@patternfly/react-icons'
import { type ReactNode, useState } from 'react'
import type { CreateVirtualMachineForm } from '@/contract/builders/create-virtual-machine-form'
import { binarySizeBytes } from '@/contract/builders/sizes'
import type { VirtualMachine } from '@/contract/kinds/virtual-machine'
import { suggestName } from '@/contract/names'
import { AskLink } from '../../access/ask-link'
import { describedBy, FormField } from '../../forms/form-field'
import { SizeField } from '../../forms/size-field'
import { formatBytes } from '../../i18n/format'
import { useLanguage, useT } from '../../i18n/use-t'
import { AccessFields } from './access-fields'
import styles from './create.module.css'
import { namePrefix } from './initial-form'
import { ManifestPreview } from './manifest-preview'
import { fieldError } from './problem-text'
import { SizeCards } from './size-cards'
import { ClaimField, UrlFields } from './source-fields'
import { type CreateForm, type Refusal, useCreateForm } from './use-create-form'
import type { Surroundings } from './use-surroundings'

export interface CreateFormViewProps {
  initial: CreateVirtualMachineForm
  /** What it starts from, with the way to choose another. */
  chosen: ReactNode
  minimumMemory: number
  minimumDisk: number
  surroundings: Surroundings
  onCreated: (machine: VirtualMachine, notOwned: readonly string[]) => void
  onCancel: () => void
}

/** The short form: everything is filled in; one may look, change, see the YAML, and create. */
export function CreateFormView(props: CreateFormViewProps) {
  const { initial, surroundings, minimumMemory, minimumDisk } = props
  const t = useT()
  const { form, refusal, stage } = useCreateForm({ initial, onCreated: props.onCreated })
  const [preview, setPreview] = useState(false)
  const shared = { form, refusal }
  return (
    <Form
      className={styles['form'] ?? ''}
      onSubmit={(event) => {
        event.preventDefault()
        void form.handleSubmit()
      }}
      noValidate
      data-testid="create-form"
    >
      <Card isCompact>
        <CardBody className={styles['chosen'] ?? ''}>{props.chosen}</CardBody>
      </Card>
      {surroundings.warnings.map((warning) => (
        <Alert key={warning} component="p" isInline variant="warning" title={warning} />
      ))}
      {refusal && <RefusalAlert refusal={refusal} />}
      <FormSection title={t('create.section.machine')} titleElement="h2">
        {initial.image === '' && initial.source.type === 'http' && <UrlFields {...shared} />}
        {initial.source.type === 'clone' && <ClaimField {...shared} />}
        <NameField {...shared} surroundings={surroundings} prefix={namePrefix(initial.image)} />
        <NamespaceField {...shared} surroundings={surroundings} />
        <SizeCards {...shared} minimumMemory={minimumMemory} />
        <DiskSizeField {...shared} minimumDisk={minimumDisk} />
        <form.Field name="start">
          {(field) => (
            <Checkbox
              id="start"
              label={t('create.field.start')}
              isChecked={field.state.value}
              onChange={(_event, checked) => field.handleChange(checked)}
            />
          )}
        </form.Field>
      </FormSection>
      <FormSection title={t('create.section.access')} titleElement="h2">
        <AccessFields {...shared} user={initial.user || 'chiave'} seedIsOpen={initial.image === ''} />
      </FormSection>
      <form.Subscribe selector={({ values }) => values}>
        {(values) => {
          const blocked = surroundings.problemOf(values)
          const permission = surroundings.permissionFor(values.namespace)
          const forbidden = permission.allowed === false
          return (
            <>
              {preview && <ManifestPreview values={values} />}
              {forbidden && (
                <Alert
                  component="p"
                  isInline
                  variant="warning"
                  title={t('create.forbidden', { namespace: values.namespace })}
                >
                  {permission.reason} <AskLink missing={permission.missing} />
                </Alert>
              )}
              {blocked && <Alert component="p" isInline variant="warning" title={blocked} />}
              <Flex className={styles['actions'] ?? ''} gap={{ default: 'gapSm' }}>
                <Button
                  type="submit"
                  variant="primary"
                  isLoading={stage !== undefined}
                  isDisabled={stage !== undefined || blocked !== undefined || forbidden}
                >
                  {t(stage === undefined ? 'create.go' : stage === 'checking' ? 'create.checking' : 'create.going')}
                </Button>
                <Button variant="secondary" onClick={() => setPreview(!preview)} aria-expanded={preview}>
                  {t(preview ? 'create.previewHide' : 'create.preview')}
                </Button>
                <Button variant="link" onClick={props.onCancel}>
                  {t('create.cancel')}
                </Button>
              </Flex>
            </>
          )
        }}
      </form.Subscribe>
    </Form>
  )
}

/** What the server said that belongs to no field, and what an interrupted attempt left. */
function RefusalAlert({ refusal }: { refusal: Refusal }) {
  const t = useT()
  return (
    <Alert component="p" isInline variant="danger" title={t('create.refused')} role="alert">
      <p>{refusal.leftBehind.length === 0 && t('create.refusedBody')}</p>
      <List isPlain>
        {[...refusal.general, ...refusal.fields.values()].map((words) => (
          <ListItem key={words}>{words}</ListItem>
        ))}
      </List>
      {refusal.leftBehind.length > 0 && <p>{t('create.leftBehind', { objects: refusal.leftBehind.join(', ') })}</p>}
    </Alert>
  )
}

interface FieldProps {
  form: CreateForm
  refusal: Refusal | undefined
}

function NameField({
  form,
  refusal,
  surroundings,
  prefix,
}: FieldProps & { surroundings: Surroundings; prefix: string }) {
  const t = useT()
  return (
    <form.Field name="name">
      {(field) => {
        const { namespace } = field.form.state.values
        const error =
          fieldError(field, { name: 'name', refusal, t }) ?? surroundings.nameProblem(namespace, field.state.value)
        return (
          <FormField label={t('create.field.name')} fieldId="name" required error={error}>
            <InputGroup style={{ maxInlineSize: '28rem' }}>
              <InputGroupItem isFill>
                <TextInput
                  id="name"
                  value={field.state.value}
                  onChange={(_event, value) => field.handleChange(value)}
                  onBlur={field.handleBlur}
                  validated={error === undefined ? 'default' : 'error'}
                  aria-describedby={describedBy('name')}
                  autoComplete="off"
                  spellCheck={false}
                />
              </InputGroupItem>
              <InputGroupItem>
                <Button
                  variant="plain"
                  size="sm"
                  aria-label={t('create.field.nameAgain')}
                  icon={<SyncAltIcon />}
                  onClick={() =>
                    field.handleChange(suggestName(prefix, { taken: surroundings.machineNames(namespace) }))
                  }
                />
              </InputGroupItem>
            </InputGroup>
          </FormField>
        )
      }}
    </form.Field>
  )
}

function NamespaceField({ form, refusal, surroundings }: FieldProps & { surroundings: Surroundings }) {
  const t = useT()
  const { namespaces } = surroundings
  return (
    <form.Field name="namespace">
      {(field) => {
        const error = fieldError(field, { name: 'namespace', refusal, t })
        const shared = {
          id: 'namespace',
          value: field.state.value,
          onBlur: field.handleBlur,
          onChange: (_event: unknown, value: string) => field.handleChange(value),
          validated: error === undefined ? ('default' as const) : ('error' as const),
          'aria-describedby': describedBy('namespace'),
        }
        return (
          <FormField label={t('create.field.namespace')} fieldId="namespace" required error={error}>
            <div style={{ maxInlineSize: '28rem' }}>
              {namespaces.length > 0 ? (
                <FormSelect {...shared}>
                  {[...new Set([field.state.value, ...namespaces])].filter(Boolean).map((namespace) => (
                    <FormSelectOption key={namespace} value={namespace} label={namespace} />
                  ))}
                </FormSelect>
              ) : (
                // Who may not list namespaces still knows their own.
                <TextInput {...shared} spellCheck={false} />
              )}
            </div>
          </FormField>
        )
      }}
    </form.Field>
  )
}

function DiskSizeField({ form, refusal, minimumDisk }: FieldProps & { minimumDisk: number }) {
  const t = useT()
  const language = useLanguage()
  return (
    <form.Field name="diskSize">
      {(field) => {
        const tooSmall = (binarySizeBytes(field.state.value) ?? minimumDisk) < minimumDisk
        return (
          <SizeField
            label={t('create.field.diskSize')}
            fieldId="disk-size"
            value={field.state.value}
            onChange={field.handleChange}
            onBlur={field.handleBlur}
            error={
              fieldError(field, { name: 'diskSize', refusal, t }) ??
              (tooSmall
                ? t('create.problem.diskSize.tooSmall', { minimum: formatBytes(minimumDisk, language) })
                : undefined)
            }
          />
        )
      }}
    </form.Field>
  )
}
