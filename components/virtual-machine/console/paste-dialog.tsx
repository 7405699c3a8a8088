'use client'

import {
  Alert,
  Button,
  Flex,
  Form,
  FormGroup,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  TextArea,
} from '@patternfly/react-core'
import { type RefObject, useState } from 'react'
import { useT } from '../../i18n/use-t'

export interface PasteDialogProps {
  frame: RefObject<HTMLElement | null>
  body: string
  /** Types the text; resolves with the characters that could not be typed. */
  onType: (text: string) => Promise<readonly string[]>
  onClose: () => void
}

/** Asks for a text that is then typed on the guest's keyboard. */
export function PasteDialog({ frame, body, onType, onClose }: PasteDialogProps) {
  const t = useT()
  const [text, setText] = useState('')
  const [typing, setTyping] = useState(false)
  const [untypable, setUntypable] = useState<readonly string[]>([])
  const type = async () => {
    setTyping(true)
    const left = await onType(text)
    setTyping(false)
    if (left.length === 0) return onClose()
    setUntypable([...new Set(left)])
    setText('')
  }
  return (
    <Modal
      isOpen
      variant="small"
      onClose={onClose}
      aria-labelledby="paste-title"
      aria-describedby="paste-body"
      // Only what is inside it is seen in full screen; otherwise the dialog belongs above the whole page.
      appendTo={() => (document.fullscreenElement ? frame.current : null) ?? document.body}
    >
      <ModalHeader title={t('console.paste.title')} labelId="paste-title" />
      <ModalBody id="paste-body">
        <Flex direction={{ default: 'column' }} gap={{ default: 'gapMd' }}>
          <p>{body}</p>
          {untypable.length > 0 && (
            <Alert
              component="p"
              isInline
              variant="warning"
              title={t('console.paste.untypable', { characters: untypable.join(' ') })}
            />
          )}
          <Form onSubmit={(event) => event.preventDefault()}>
            <FormGroup label={t('console.paste.label')} fieldId="paste-text">
              <TextArea
                id="paste-text"
                value={text}
                onChange={(_event, value) => setText(value)}
                rows={5}
                autoFocus
                spellCheck={false}
                autoComplete="off"
                style={{ fontFamily: 'var(--pf-t--global--font--family--mono)' }}
              />
            </FormGroup>
          </Form>
        </Flex>
      </ModalBody>
      <ModalFooter>
        <Button variant="primary" isDisabled={text === '' || typing} isLoading={typing} onClick={() => void type()}>
          {t(typing ? 'console.paste.typing' : 'console.paste.go')}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t('console.paste.cancel')}
        </Button>
      </ModalFooter>
    </Modal>
  )
}
