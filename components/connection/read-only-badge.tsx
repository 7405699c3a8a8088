'use client'

import { Label } from '@patternfly/react-core'
import { LockIcon } from '@patternfly/react-icons'
import Link from 'next/link'
import { useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { useReadOnly } from '../kube/use-read-only'
import { paths } from '../shell/paths'
import styles from './connection.module.css'

/** Says in the masthead that one only looks at this cluster; leads to where that can be turned off. */
export function ReadOnlyBadge() {
  const t = useT()
  const cluster = useCluster()
  const { readOnly, reason } = useReadOnly()
  if (!readOnly) return null
  return (
    <Label
      color="orange"
      icon={<LockIcon />}
      isCompact
      {...(reason === undefined ? {} : { title: reason })}
      render={({ className, content, componentRef }) => (
        <Link
          ref={componentRef}
          className={className}
          href={paths.connection(cluster)}
          aria-label={t('connection.readOnly.badge')}
        >
          {content}
        </Link>
      )}
    >
      <span className={styles['badge']}>{t('connection.readOnly.badge')}</span>
    </Label>
  )
}
