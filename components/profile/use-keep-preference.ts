'use client'

import type { Profile } from '@/contract/people'
import { useT } from '../i18n/use-t'
import { ApiFailure } from '../kube/api'
import { failureSentence } from '../kube/errors'
import { useOptionalSession } from '../kube/session'
import { useProfileChange } from '../kube/use-profile'
import { toast } from '../ui/toast'

/** Keeps language or appearance in the profile too, so that other browsers follow; nothing while nobody is signed in. */
export function useKeepPreference(): (preference: Pick<Profile, 'language' | 'theme'>) => void {
  const t = useT()
  const signedIn = useOptionalSession() !== undefined
  const { change } = useProfileChange()
  return (preference) => {
    if (!signedIn) return
    change((profile) => ({ ...profile, ...preference })).catch((cause: unknown) => {
      if (!(cause instanceof ApiFailure)) throw cause
      toast({ variant: 'warning', title: t('profile.preferences.notKept'), body: failureSentence(cause, t) })
    })
  }
}
