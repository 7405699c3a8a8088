'use client'

import { Card, CardBody, CardHeader, CardTitle, NumberInput } from '@patternfly/react-core'
import { useState } from 'react'
import { binarySizeBytes, machineSizes } from '@/contract/builders/sizes'
import { FormField } from '../../forms/form-field'
import { SizeField } from '../../forms/size-field'
import { formatBytes } from '../../i18n/format'
import { useLanguage, useT } from '../../i18n/use-t'
import styles from './create.module.css'
import { fieldError } from './problem-text'
import type { CreateForm, Refusal } from './use-create-form'

export interface MachineFieldsProps {
  form: CreateForm
  refusal: Refusal | undefined
  /** What the image needs, bytes. */
  minimumMemory: number
  minimumDisk: number
}

/** CPUs and memory: a few sizes as cards, or one's own. */
export function SizeCards({ form, refusal, minimumMemory }: Omit<MachineFieldsProps, 'minimumDisk'>) {
  const t = useT()
  const language = useLanguage()
  const [custom, setCustom] = useState(false)
  return (
    <form.Subscribe selector={({ values: { cpus, memory } }) => ({ cpus, memory })}>
      {({ cpus, memory }) => {
        const preset = machineSizes.find((size) => size.cpus === cpus && size.memory === memory)
        const own = custom || preset === undefined
        return (
          <>
            <FormField label={t('create.field.size')} fieldId="size" role="radiogroup">
              <div className={styles['sizes']}>
                {machineSizes.map((size) => {
                  const tooSmall = (binarySizeBytes(size.memory) ?? 0) < minimumMemory
                  const text = t('create.size.label', {
                    cpus: size.cpus,
                    memory: formatBytes(binarySizeBytes(size.memory), language),
                  })
                  return (
                    <SizeCard
                      key={size.id}
                      id={size.id}
                      title={t(`create.size.${size.id}`)}
                      text={
                        tooSmall ? t('create.size.tooSmall', { memory: formatBytes(minimumMemory, language) }) : text
                      }
                      disabled={tooSmall}
                      selected={!own && preset?.id === size.id}
                      onSelect={() => {
                        setCustom(false)
                        form.setFieldValue('cpus', size.cpus)
                        form.setFieldValue('memory', size.memory)
                      }}
                    />
                  )
                })}
                <SizeCard
                  id="custom"
                  title={t('create.size.custom')}
                  text={own ? `${cpus} vCPU · ${memory}` : '…'}
                  disabled={false}
                  selected={own}
                  onSelect={() => setCustom(true)}
                />
              </div>
            </FormField>
            {own && <OwnSize form={form} refusal={refusal} minimumMemory={minimumMemory} />}
            {!own && <SizeRefusal refusal={refusal} />}
          </>
        )
      }}
    </form.Subscribe>
  )
}

interface SizeCardProps {
  id: string
  title: string
  text: string
  disabled: boolean
  selected: boolean
  onSelect: () => void
}

function SizeCard({ id, title, text, disabled, selected, onSelect }: SizeCardProps) {
  return (
    <Card id={`size-${id}`} isCompact isSelectable isSelected={selected} isDisabled={disabled}>
      <CardHeader
        selectableActions={{
          selectableActionId: `size-choice-${id}`,
          selectableActionAriaLabelledby: `size-${id}-title`,
          name: 'size',
          variant: 'single',
          isChecked: selected,
          onChange: onSelect,
          isHidden: true,
        }}
      >
        <CardTitle id={`size-${id}-title`}>{title}</CardTitle>
      </CardHeader>
      <CardBody>{text}</CardBody>
    </Card>
  )
}

/** The server's words about CPUs or memory when these are not shown as fields. */
function SizeRefusal({ refusal }: { refusal: Refusal | undefined }) {
  const words = [refusal?.fields.get('cpus'), refusal?.fields.get('memory')].filter(Boolean).join(' · ')
  return words === '' ? null : (
    <p role="alert" className={styles['error']}>
      {words}
    </p>
  )
}

function OwnSize({ form, refusal, minimumMemory }: Omit<MachineFieldsProps, 'minimumDisk'>) {
  const t = useT()
  const language = useLanguage()
  return (
    <>
      <form.Field name="cpus">
        {(field) => (
          <FormField
            label={t('create.field.cpus')}
            fieldId="cpus"
            required
            error={fieldError(field, { name: 'cpus', refusal, t })}
          >
            <NumberInput
              inputProps={{ id: 'cpus' }}
              inputAriaLabel={t('create.field.cpus')}
              minusBtnAriaLabel={t('create.field.less')}
              plusBtnAriaLabel={t('create.field.more')}
              value={field.state.value}
              min={1}
              max={256}
              onMinus={() => field.handleChange(Math.max(1, field.state.value - 1))}
              onPlus={() => field.handleChange(field.state.value + 1)}
              onChange={(event) => field.handleChange(event.currentTarget.valueAsNumber)}
              onBlur={field.handleBlur}
            />
          </FormField>
        )}
      </form.Field>
      <form.Field name="memory">
        {(field) => (
          <SizeField
            label={t('create.field.memory')}
            fieldId="memory"
            value={field.state.value}
            onChange={field.handleChange}
            onBlur={field.handleBlur}
            error={
              fieldError(field, { name: 'memory', refusal, t }) ??
              ((binarySizeBytes(field.state.value) ?? minimumMemory) < minimumMemory
                ? t('create.problem.memory.tooSmall', { minimum: formatBytes(minimumMemory, language) })
                : undefined)
            }
          />
        )}
      </form.Field>
    </>
  )
}
