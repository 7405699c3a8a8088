'use client'

import {
  Button,
  FormGroup,
  FormHelperText,
  HelperText,
  HelperTextItem,
  InputGroup,
  InputGroupItem,
  TextInput,
} from '@patternfly/react-core'
import { type FormEvent, useState } from 'react'
import { useT } from '../i18n/use-t'
import { ApiFailure } from '../kube/api'
import { failureSentence } from '../kube/errors'
import { useNamespaces } from '../kube/use-namespaces'

const wellFormed = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

export interface NamespaceFieldProps {
  id: string
  onAdded?: (namespace: string) => void
  /** Shown above the field, not only to screen readers. */
  label?: string
}

/** Names a namespace one works in; it is kept when one may do something there. */
export function NamespaceField({ id, onAdded, label }: NamespaceFieldProps) {
  const t = useT()
  const { add } = useNamespaces()
  const [text, setText] = useState('')
  const [checking, setChecking] = useState(false)
  const [problem, setProblem] = useState<string>()
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const name = text.trim()
    if (!wellFormed.test(name)) return setProblem(t('access.namespace.malformed'))
    setChecking(true)
    try {
      if ((await add(name)) === 'nothing-there') return setProblem(t('access.namespace.nothingThere', { name }))
      setText('')
      onAdded?.(name)
    } catch (failure) {
      if (!(failure instanceof ApiFailure)) throw failure
      setProblem(failureSentence(failure, t))
    } finally {
      setChecking(false)
    }
  }
  const words = label ?? t('access.namespace.addLabel')
  const input = (
    <InputGroup>
      <InputGroupItem isFill>
        <TextInput
          id={id}
          value={text}
          onChange={(_event, value) => {
            setText(value)
            setProblem(undefined)
          }}
          // A menu around it would take the keys for its own.
          onKeyDown={(event) => event.key !== 'Escape' && event.key !== 'Tab' && event.stopPropagation()}
          validated={problem === undefined ? 'default' : 'error'}
          aria-describedby={`${id}-words`}
          aria-label={words}
          placeholder={t('access.namespace.addLabel')}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
        />
      </InputGroupItem>
      <InputGroupItem>
        <Button type="submit" variant="secondary" isDisabled={checking || text.trim() === ''} isLoading={checking}>
          {t(checking ? 'access.namespace.checking' : 'access.namespace.addGo')}
        </Button>
      </InputGroupItem>
    </InputGroup>
  )
  const helper = (
    <FormHelperText>
      <HelperText id={`${id}-words`} isLiveRegion>
        {problem !== undefined && <HelperTextItem variant="error">{problem}</HelperTextItem>}
      </HelperText>
    </FormHelperText>
  )
  return (
    <form onSubmit={(event) => void submit(event)} aria-label={t('access.namespace.add')}>
      {label === undefined ? (
        <>
          {input}
          {helper}
        </>
      ) : (
        <FormGroup label={label} fieldId={id}>
          {input}
          {helper}
        </FormGroup>
      )}
    </form>
  )
}
