'use client'

import {
  Button,
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
  Skeleton,
} from '@patternfly/react-core'
import { CubesIcon, ExclamationCircleIcon } from '@patternfly/react-icons'
import type { ComponentType, ReactNode } from 'react'
import { useUiText } from './use-ui-text'
import styles from './views.module.css'

export interface EmptyViewProps {
  title: string
  body?: ReactNode
  icon?: ComponentType
  /** The way out: a button or a link. */
  action?: ReactNode
  /** Less room, for a card. */
  small?: boolean
  /** `h1` where it is all there is on the page. */
  headingLevel?: 'h1' | 'h2'
}

/** There is nothing here, and what one can do about it. */
export function EmptyView({ title, body, icon, action, small, headingLevel = 'h2' }: EmptyViewProps) {
  return (
    <EmptyState headingLevel={headingLevel} titleText={title} icon={icon ?? CubesIcon} variant={small ? 'xs' : 'lg'}>
      {body !== undefined && <EmptyStateBody>{body}</EmptyStateBody>}
      {action !== undefined && (
        <EmptyStateFooter>
          <EmptyStateActions>{action}</EmptyStateActions>
        </EmptyStateFooter>
      )}
    </EmptyState>
  )
}

export interface ErrorViewProps {
  title: string
  /** The server's own words. */
  body?: ReactNode
  /** What one can do. */
  wayOut?: ReactNode
  onRetry?: (() => void) | undefined
  small?: boolean
  headingLevel?: 'h1' | 'h2'
}

/** Something failed: what, in whose words, and the way out. */
export function ErrorView({ title, body, wayOut, onRetry, small, headingLevel = 'h2' }: ErrorViewProps) {
  const t = useUiText()
  return (
    <EmptyState
      status="danger"
      headingLevel={headingLevel}
      titleText={title}
      icon={ExclamationCircleIcon}
      variant={small ? 'xs' : 'lg'}
      role="alert"
    >
      <EmptyStateBody>
        {body !== undefined && <p>{body}</p>}
        {wayOut !== undefined && <p className={styles['wayOut']}>{wayOut}</p>}
      </EmptyStateBody>
      {onRetry !== undefined && (
        <EmptyStateFooter>
          <EmptyStateActions>
            <Button variant="secondary" onClick={onRetry}>
              {t('ui.retry')}
            </Button>
          </EmptyStateActions>
        </EmptyStateFooter>
      )}
    </EmptyState>
  )
}

/** Grey lines where text will be. `lines` about as many as come. */
export function LoadingView({ lines = 5, label }: { lines?: number; label?: string }) {
  const t = useUiText()
  return (
    <div role="status" aria-live="polite" className={styles['loading']}>
      <span className="pf-v6-screen-reader">{label ?? t('ui.loading')}</span>
      {Array.from({ length: lines }, (_, line) => (
        <Skeleton key={line} width={`${[92, 78, 85, 64, 88][line % 5]}%`} />
      ))}
    </div>
  )
}
