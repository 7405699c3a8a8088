'use client'

import { createInstance, type i18n } from 'i18next'
import { type ReactNode, useCallback, useState } from 'react'
import { I18nextProvider, initReactI18next, useTranslation } from 'react-i18next'
import { catalogue } from './catalogue'
import { isLanguage, type Language, languageCookie } from './language'

/** Makes the words available below, on the server and in the browser alike. */
export function LanguageProvider({ language, children }: { language: Language; children: ReactNode }) {
  const [words] = useState(() => createWords(language))
  return <I18nextProvider i18n={words}>{children}</I18nextProvider>
}

/** The language in use and the way to change it; the choice is kept for a year. */
export function useLanguageChoice(): { language: Language; choose: (language: Language) => void } {
  const { i18n: words } = useTranslation()
  const choose = useCallback(
    (language: Language) => {
      document.cookie = `${languageCookie}=${language}; path=/; max-age=31536000; samesite=lax`
      document.documentElement.lang = language
      void words.changeLanguage(language)
    },
    [words],
  )
  return { language: isLanguage(words.language) ? words.language : 'en', choose }
}

/** An i18next instance that has all words at once, so that the first picture is complete. */
export function createWords(language: Language): i18n {
  const words = createInstance()
  words.use(initReactI18next)
  void words.init({
    lng: language,
    fallbackLng: 'en',
    resources: { en: { translation: catalogue.en }, it: { translation: catalogue.it } },
    interpolation: { escapeValue: false },
    initAsync: false,
  })
  return words
}
