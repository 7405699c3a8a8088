'use client'

import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import type { MessageKey } from './catalogue'

/** Says a message in the person's language; `count` chooses the plural form. */
export type Translate = (key: MessageKey, values?: Record<string, string | number>) => string

/** The words of this interface. Every text a person reads comes from here. */
export function useT(): Translate {
  const { t } = useTranslation()
  return useCallback<Translate>((key, values) => t(key, values ?? {}), [t])
}

/** The language tag of this interface, for Intl formatters. */
export function useLanguage(): string {
  return useTranslation().i18n.language
}
