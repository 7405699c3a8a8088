'use client'

import { useState } from 'react'
import { readSshPublicKey } from '@/contract/cloud-init/ssh-public-key'
import type { Profile } from '@/contract/people'
import { useT } from '../../i18n/use-t'
import { ApiFailure } from '../../kube/api'
import { failureSentence } from '../../kube/errors'
import { useProfile, useProfileChange } from '../../kube/use-profile'
import { toast } from '../../ui/toast'
import { forgetSshKey, rememberedSshKeys, rememberSshKey } from './remembered'

export interface KnownSshKeys {
  /** Those of the profile, then what only this browser remembers. */
  known: Profile['sshKeys']
  /** The profile has arrived, or will not. */
  settled: boolean
  remember: (key: string) => void
  forget: (key: string) => void
}

/** The person's public keys: kept in the profile, and in this browser where there is no profile to be had. */
export function useKnownSshKeys(): KnownSshKeys {
  const t = useT()
  const { profile, error } = useProfile()
  const { change } = useProfileChange()
  const [inBrowser, setInBrowser] = useState(rememberedSshKeys)
  const kept = profile?.sshKeys ?? []
  const known = [
    ...kept,
    ...inBrowser.filter((key) => !kept.some((entry) => entry.key === key)).map((key) => ({ name: nameFor(key), key })),
  ]
  const save = (next: (keys: Profile['sshKeys']) => Profile['sshKeys']) => {
    if (!profile) return
    change((now) => ({ ...now, sshKeys: next(now.sshKeys) })).catch((cause: unknown) => {
      if (!(cause instanceof ApiFailure)) throw cause
      toast({ variant: 'warning', title: t('create.field.sshNotKept'), body: failureSentence(cause, t) })
    })
  }
  return {
    known,
    settled: profile !== undefined || error !== undefined,
    remember: (key) => {
      if (profile) return save((keys) => [...keys.filter((entry) => entry.key !== key), { name: nameFor(key), key }])
      rememberSshKey(key)
      setInBrowser(rememberedSshKeys())
    },
    forget: (key) => {
      forgetSshKey(key)
      setInBrowser(rememberedSshKeys())
      if (kept.some((entry) => entry.key === key)) save((keys) => keys.filter((entry) => entry.key !== key))
    },
  }
}

/** A name as the profile wants one: the comment, else the type. */
function nameFor(key: string): string {
  const read = readSshPublicKey(key)
  if (typeof read === 'string') return key.slice(0, 64)
  return read.comment.slice(0, 64).trim() || read.type
}
