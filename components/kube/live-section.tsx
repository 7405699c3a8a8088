'use client'

import type { ReactNode } from 'react'
import { LoadingView } from '../ui/views'
import type { ApiFailure } from './api'
import { FailureView } from './failure-view'

export interface LiveSectionProps {
  /** What the section is made of; the first failure speaks for all. */
  of: readonly { loaded: boolean; error?: ApiFailure }[]
  lines?: number
  children: ReactNode
}

/** A part of a page made of live lists: waits for them, or says why they do not come. */
export function LiveSection({ of, lines = 4, children }: LiveSectionProps) {
  const failed = of.find((list) => list.error !== undefined && !list.loaded)
  if (failed?.error) return <FailureView failure={failed.error} small />
  return of.every((list) => list.loaded) ? children : <LoadingView lines={lines} />
}
