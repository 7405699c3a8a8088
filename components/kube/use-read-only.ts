'use client'

import { useConnection } from '../connection/use-connections'
import { useT } from '../i18n/use-t'
import { useCluster } from './cluster'

export interface ReadOnly {
  /** Undefined: not known yet, which must not disable anything: the server decides. */
  readOnly: boolean | undefined
  /** Why buttons are disabled, for people; only when `readOnly`. */
  reason?: string
}

/** Whether the signed-in person works read-only in this page's cluster: then the console refuses whatever would change it. */
export function useReadOnly(): ReadOnly {
  const t = useT()
  const connection = useConnection(useCluster())
  if (connection === undefined) return { readOnly: undefined }
  if (!connection.readOnly) return { readOnly: false }
  return { readOnly: true, reason: t('connection.readOnly.reason', { cluster: connection.displayName }) }
}
