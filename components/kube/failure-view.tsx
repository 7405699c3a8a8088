'use client'

import { useT } from '../i18n/use-t'
import { ErrorView } from '../ui/views'
import type { ApiFailure } from './api'
import { explainFailure } from './errors'

/** An API failure where its result would have been. */
export function FailureView(props: { failure: ApiFailure; onRetry?: (() => void) | undefined; small?: boolean }) {
  const t = useT()
  const { title, words, wayOut } = explainFailure(props.failure, t)
  return (
    <ErrorView
      title={title}
      body={words}
      wayOut={wayOut}
      onRetry={props.onRetry}
      {...(props.small ? { small: true } : {})}
    />
  )
}
