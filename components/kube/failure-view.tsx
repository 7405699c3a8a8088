'use client'

import { LockIcon } from '@patternfly/react-icons'
import { readRefusal } from '@/contract/access/question-text'
import { AskLink } from '../access/ask-link'
import { useT } from '../i18n/use-t'
import { EmptyView, ErrorView } from '../ui/views'
import type { ApiFailure } from './api'
import { explainFailure } from './errors'
import { MissingPart, partOf } from './missing-part'

export interface FailureViewProps {
  failure: ApiFailure
  onRetry?: (() => void) | undefined
  small?: boolean
  /** It was an action that failed. A look at something that is refused is no fault: one does not see it, that is all. */
  ofAction?: boolean
}

/** An API failure where its result would have been. */
export function FailureView({ failure, onRetry, small, ofAction = false }: FailureViewProps) {
  const t = useT()
  if (!ofAction && failure.code === 403) return <NotVisible failure={failure} small={small ?? false} />
  const part = failure.code === 404 ? partOf(failure.status.details?.group) : undefined
  if (part) return <MissingPart part={part} small={small ?? false} />
  const { title, words, wayOut } = explainFailure(failure, t)
  return <ErrorView title={title} body={words} wayOut={wayOut} onRetry={onRetry} {...(small ? { small: true } : {})} />
}

/** Something a person may not look at: neither there nor not there. */
function NotVisible({ failure, small }: { failure: ApiFailure; small: boolean }) {
  const t = useT()
  const missing = readRefusal(failure.message)
  return (
    <EmptyView
      icon={LockIcon}
      title={t('access.notVisible.title')}
      body={t('access.notVisible.body')}
      small={small}
      action={missing && <AskLink missing={missing} />}
    />
  )
}
