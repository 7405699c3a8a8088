'use client'

import { useEffect } from 'react'
import { useLanguageChoice } from '../i18n/language-provider'
import { useProfile } from '../kube/use-profile'
import { chooseTheme, currentTheme } from './theme'

/** Brings language and appearance of the profile to this browser, whose cookies are only the quick copy. */
export function PreferenceSync() {
  const { profile } = useProfile()
  const { language, choose } = useLanguageChoice()
  const wanted = profile?.language
  const theme = profile?.theme
  useEffect(() => {
    if (wanted !== undefined && wanted !== language) choose(wanted)
    // Only a profile that has arrived or changed decides: not the choice that is on its way there.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [wanted])
  useEffect(() => {
    if (theme !== undefined && theme !== currentTheme()) chooseTheme(theme)
  }, [theme])
  return null
}
