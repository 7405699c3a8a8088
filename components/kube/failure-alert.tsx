'use client'

import { Alert } from '@patternfly/react-core'
import { useT } from '../i18n/use-t'
import type { ApiFailure } from './api'

/** Why a form was refused, in the server's own words, inside the form; nothing when it was not. */
export function FailureAlert({ failure }: { failure: ApiFailure | undefined }) {
  const t = useT()
  if (failure === undefined) return null
  return (
    <div role="alert">
      <Alert
        isInline
        component="p"
        variant="danger"
        variantLabel={t('ui.variant.danger')}
        title={failure.code === 0 ? t('errors.unreachable.title') : failure.message}
      />
    </div>
  )
}
