'use client'

import { Button, Flex, HelperText, HelperTextItem, TextInput } from '@patternfly/react-core'
import { AngleDownIcon, AngleUpIcon, TimesIcon } from '@patternfly/react-icons'
import { type RefObject, useState } from 'react'
import { useT } from '../../i18n/use-t'
import type { TerminalHandle } from '../../ui/terminal'

/** Finds text in what the terminal has printed. Enter finds the next, Shift+Enter the previous, Escape ends. */
export function TerminalSearch({
  terminal,
  onClose,
}: {
  terminal: RefObject<TerminalHandle | null>
  onClose: () => void
}) {
  const t = useT()
  const [text, setText] = useState('')
  const [missing, setMissing] = useState(false)
  const find = (backwards: boolean) => {
    if (text !== '') setMissing(terminal.current?.find(text, backwards) === false)
  }
  const close = () => {
    terminal.current?.endFind()
    onClose()
    terminal.current?.focus()
  }
  return (
    <Flex gap={{ default: 'gapXs' }} flexWrap={{ default: 'nowrap' }} alignItems={{ default: 'alignItemsCenter' }}>
      <TextInput
        aria-label={t('console.findLabel')}
        placeholder={t('console.findLabel')}
        value={text}
        autoFocus
        onChange={(_event, value) => {
          setText(value)
          setMissing(false)
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') find(event.shiftKey)
          if (event.key === 'Escape') close()
        }}
        {...(missing ? { validated: 'error' as const } : {})}
      />
      {missing && (
        <HelperText isLiveRegion>
          <HelperTextItem variant="error">{t('console.findNone')}</HelperTextItem>
        </HelperText>
      )}
      <Button
        variant="plain"
        aria-label={t('console.findPrevious')}
        icon={<AngleUpIcon />}
        onClick={() => find(true)}
      />
      <Button variant="plain" aria-label={t('console.findNext')} icon={<AngleDownIcon />} onClick={() => find(false)} />
      <Button variant="plain" aria-label={t('console.closeFind')} icon={<TimesIcon />} onClick={close} />
    </Flex>
  )
}
