'use client'

import { useForm, useStore } from '@tanstack/react-form'
import { useState } from 'react'
import { placeCreateErrors } from '@/contract/builders/create-field-of'
import { buildCreateVirtualMachine } from '@/contract/builders/create-virtual-machine'
import {
  type CreateField,
  type CreateVirtualMachineForm,
  createVirtualMachineSchema,
} from '@/contract/builders/create-virtual-machine-form'
import type { VirtualMachine } from '@/contract/kinds/virtual-machine'
import type { KubeStatus } from '@/contract/kube-object'
import { useKubeApi } from '../../kube/api'
import { type SubmitStage, submitMachine } from './submit'

/** What the server said against a form: beside fields as long as they are as they were, and in general. */
export interface Refusal {
  values: CreateVirtualMachineForm
  fields: ReadonlyMap<CreateField, string>
  general: readonly string[]
  leftBehind: readonly string[]
}

export interface UseCreateFormOptions {
  initial: CreateVirtualMachineForm
  onCreated: (machine: VirtualMachine, notOwned: readonly string[]) => void
}

/** The create form's state, its checks, and its submission. */
export function useCreateForm({ initial, onCreated }: UseCreateFormOptions) {
  const api = useKubeApi()
  const [refusal, setRefusal] = useState<Refusal>()
  const [stage, setStage] = useState<SubmitStage>()
  const form = useForm({
    defaultValues: initial,
    validators: { onChange: createVirtualMachineSchema, onMount: createVirtualMachineSchema },
    onSubmit: async ({ value }) => {
      setRefusal(undefined)
      try {
        const result = await submitMachine(api, buildCreateVirtualMachine(value), setStage)
        if ('created' in result) onCreated(result.created, result.notOwned)
        else setRefusal(refusalOf(value, result.failure.status, result.leftBehind))
      } finally {
        setStage(undefined)
      }
    },
  })
  // Fields show their problems once somebody tried to send the form: draw them again then.
  useStore(form.store, ({ submissionAttempts }) => submissionAttempts)
  return { form, refusal, stage }
}

export type CreateForm = ReturnType<typeof useCreateForm>['form']

function refusalOf(values: CreateVirtualMachineForm, status: KubeStatus, leftBehind: readonly string[]): Refusal {
  const { fields, general } = placeCreateErrors(status)
  const byField = new Map<CreateField, string>()
  for (const { field, message } of fields) {
    const before = byField.get(field)
    byField.set(field, before === undefined ? message : `${before} · ${message}`)
  }
  return { values, fields: byField, general, leftBehind }
}
