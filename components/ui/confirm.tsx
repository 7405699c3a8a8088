'use client'

import { Button, Form, FormGroup, Modal, ModalBody, ModalFooter, ModalHeader, TextInput } from '@patternfly/react-core'
import { type FormEvent, type ReactNode, useState } from 'react'
import { createStore, useStore } from './store'
import { useUiText } from './use-ui-text'

export interface Question {
  title: string
  body: ReactNode
  /** What the confirming button does, as a verb: "Force stop". */
  confirmLabel: string
  danger?: boolean
  /** The person must type this before the button works. */
  typeToConfirm?: string
  /** More to see or choose, below the body. */
  children?: ReactNode
}

interface OpenQuestion extends Question {
  id: number
  answer: (confirmed: boolean) => void
}

const questions = createStore<readonly OpenQuestion[]>([])
let lastId = 0

/** Asks before doing; resolves to true only when the person confirmed. Needs a ConfirmHost on the page. */
export function confirm(question: Question): Promise<boolean> {
  return new Promise((resolve) => {
    lastId += 1
    const id = lastId
    const answer = (confirmed: boolean) => {
      questions.set((open) => open.filter((other) => other.id !== id))
      resolve(confirmed)
    }
    questions.set((open) => [...open, { ...question, id, answer }])
  })
}

/** Shows the questions of `confirm()`, one at a time. */
export function ConfirmHost() {
  const [question] = useStore(questions)
  return question === undefined ? null : <ConfirmDialog key={question.id} question={question} />
}

function ConfirmDialog({ question }: { question: OpenQuestion }) {
  const t = useUiText()
  const [typed, setTyped] = useState('')
  const ready = question.typeToConfirm === undefined || typed === question.typeToConfirm
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (ready) question.answer(true)
  }
  return (
    <Modal
      isOpen
      variant="small"
      onClose={() => question.answer(false)}
      aria-labelledby="confirm-title"
      aria-describedby="confirm-body"
    >
      <ModalHeader
        title={question.title}
        labelId="confirm-title"
        {...(question.danger ? { titleIconVariant: 'warning' as const } : {})}
      />
      <ModalBody id="confirm-body">
        {question.body}
        {question.children}
        {question.typeToConfirm !== undefined && (
          <Form id="confirm-form" onSubmit={submit}>
            <FormGroup label={t('ui.confirm.type', { text: question.typeToConfirm })} fieldId="confirm-typed">
              <TextInput
                id="confirm-typed"
                value={typed}
                onChange={(_event, value) => setTyped(value)}
                autoComplete="off"
                autoFocus
              />
            </FormGroup>
          </Form>
        )}
      </ModalBody>
      <ModalFooter>
        <Button
          variant={question.danger ? 'danger' : 'primary'}
          isDisabled={!ready}
          onClick={() => question.answer(true)}
          {...(question.typeToConfirm === undefined ? { autoFocus: true } : {})}
        >
          {question.confirmLabel}
        </Button>
        <Button variant="link" onClick={() => question.answer(false)}>
          {t('ui.confirm.cancel')}
        </Button>
      </ModalFooter>
    </Modal>
  )
}
