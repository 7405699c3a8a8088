'use client'

import { useTranslation } from 'react-i18next'

/** The words of the wrappers in this folder: `ui.<key>` of the catalogue that the application provides. */
export function useUiText(): (key: `ui.${string}`, values?: Record<string, string | number>) => string {
  const { t } = useTranslation()
  return (key, values) => t(key, values ?? {})
}
