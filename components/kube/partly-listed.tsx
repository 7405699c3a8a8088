'use client'

import { Alert, List, ListItem } from '@patternfly/react-core'
import { useT } from '../i18n/use-t'
import { ApiFailure } from './api'
import { failureSentence } from './errors'
import type { NamespaceFailure } from './merge-lists'

/** Says which namespaces are missing from a list that was put together from several, and why. */
export function PartlyListed({ of }: { of: readonly { failures?: readonly NamespaceFailure[] }[] }) {
  const t = useT()
  const failures = new Map(
    of.flatMap((list) => list.failures ?? []).map(({ namespace, status }) => [namespace, new ApiFailure(status)]),
  )
  if (failures.size === 0) return null
  return (
    <Alert component="p" isInline variant="info" title={t('access.partly.title', { count: failures.size })}>
      <List isPlain>
        {[...failures].map(([namespace, failure]) => (
          <ListItem key={namespace}>
            {namespace}: {failureSentence(failure, t)}
          </ListItem>
        ))}
      </List>
    </Alert>
  )
}
