'use client'

import { Button, Tooltip } from '@patternfly/react-core'
import { CheckIcon, CopyIcon } from '@patternfly/react-icons'
import { useEffect, useState } from 'react'
import { toast } from './toast'
import { useUiText } from './use-ui-text'

/** Copies a text; says so, also when the browser refuses (no secure origin, no permission). */
export function CopyButton({ text, label }: { text: string; label?: string }) {
  const t = useUiText()
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 2000)
    return () => clearTimeout(timer)
  }, [copied])
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      setCopied(true)
    } catch {
      toast({ variant: 'warning', title: t('ui.copy.refused'), body: text })
    }
  }
  const words = copied ? t('ui.copy.done') : (label ?? t('ui.copy.copy'))
  return (
    <Tooltip content={words} aria="none">
      <Button
        variant="plain"
        size="sm"
        aria-label={words}
        icon={copied ? <CheckIcon /> : <CopyIcon />}
        onClick={() => void copy()}
      />
    </Tooltip>
  )
}
