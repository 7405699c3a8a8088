'use client'

import { useState } from 'react'
import { ApiFailure } from './api'

export interface Attempt {
  busy: boolean
  /** Why the last one failed. */
  failure: ApiFailure | undefined
  /** Does the work; resolves to whether it succeeded. What is no ApiFailure is thrown on. */
  run: (work: () => Promise<void>) => Promise<boolean>
  /** Forgets the failure. */
  reset: () => void
}

/** What a form does with its one button: busy while it works, and the failure where the form is. */
export function useAttempt(): Attempt {
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<ApiFailure>()
  const run = async (work: () => Promise<void>) => {
    setBusy(true)
    setFailure(undefined)
    try {
      await work()
      return true
    } catch (cause) {
      if (!(cause instanceof ApiFailure)) throw cause
      setFailure(cause)
      return false
    } finally {
      setBusy(false)
    }
  }
  return { busy, failure, run, reset: () => setFailure(undefined) }
}
