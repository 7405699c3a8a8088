/** Languages of the interface, each named in itself. */
export const languages = { en: 'English', it: 'Italiano' } as const

export type Language = keyof typeof languages

export const languageCookie = 'chiave-language'

export function isLanguage(value: string | undefined): value is Language {
  return value !== undefined && Object.hasOwn(languages, value)
}

/**
 * The language to speak: what the person chose, else the first language of the browser that we know, else English.
 * `accepted` is the Accept-Language header; its order is taken as the order of preference.
 */
export function chooseLanguage(chosen: string | undefined, accepted: string | null): Language {
  if (isLanguage(chosen)) return chosen
  for (const part of (accepted ?? '').split(',')) {
    const tag = part.split(';')[0]?.trim().split('-')[0]?.toLowerCase()
    if (isLanguage(tag)) return tag
  }
  return 'en'
}
