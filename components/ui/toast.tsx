'use client'

import {
  Alert,
  AlertActionCloseButton,
  AlertGroup,
  Button,
  EmptyState,
  EmptyStateBody,
  NotificationDrawer,
  NotificationDrawerBody,
  NotificationDrawerHeader,
  NotificationDrawerList,
  NotificationDrawerListItem,
  NotificationDrawerListItemBody,
  NotificationDrawerListItemHeader,
} from '@patternfly/react-core'
import { BellIcon } from '@patternfly/react-icons'
import type { ReactNode } from 'react'
import { createStore, useStore } from './store'
import { TimeAgo } from './time-ago'
import { useUiText } from './use-ui-text'

export interface Toast {
  title: string
  body?: ReactNode
  variant: 'success' | 'info' | 'warning' | 'danger'
}

export interface Notice extends Toast {
  id: number
  /** RFC 3339 */
  at: string
  /** Still floating over the page. */
  floating: boolean
  read: boolean
}

const kept = 50
const notices = createStore<readonly Notice[]>([])
let lastId = 0

/** Says something briefly; it stays in the notifications drawer. Failures float until they are closed. */
export function toast(message: Toast): void {
  lastId += 1
  const notice: Notice = { ...message, id: lastId, at: new Date().toISOString(), floating: true, read: false }
  notices.set((all) => [notice, ...all].slice(0, kept))
}

const land = (id: number) =>
  notices.set((all) => all.map((notice) => (notice.id === id ? { ...notice, floating: false } : notice)))
const markRead = () => notices.set((all) => all.map((notice) => ({ ...notice, read: true, floating: false })))

/** The floating messages. */
export function ToastHost() {
  const floating = useStore(notices).filter((notice) => notice.floating)
  const t = useUiText()
  return (
    <AlertGroup isToast isLiveRegion aria-label={t('ui.notifications.title')}>
      {floating.map((notice) => (
        <Alert
          key={notice.id}
          variant={notice.variant}
          title={notice.title}
          variantLabel={t(`ui.variant.${notice.variant}`)}
          timeout={notice.variant === 'danger' ? false : 6000}
          onTimeout={() => land(notice.id)}
          actionClose={
            <AlertActionCloseButton
              aria-label={t('ui.notifications.close', { title: notice.title })}
              onClose={() => land(notice.id)}
            />
          }
        >
          {notice.body}
        </Alert>
      ))}
    </AlertGroup>
  )
}

/** How many messages wait unread, and whether one of them is a failure. */
export function useUnreadNotices(): { count: number; failure: boolean } {
  const unread = useStore(notices).filter((notice) => !notice.read)
  return { count: unread.length, failure: unread.some((notice) => notice.variant === 'danger') }
}

/** The messages of this visit, newest first. */
export function NoticeDrawer({ onClose }: { onClose: () => void }) {
  const all = useStore(notices)
  const t = useUiText()
  const unread = all.filter((notice) => !notice.read).length
  return (
    <NotificationDrawer>
      <NotificationDrawerHeader
        count={unread}
        title={t('ui.notifications.title')}
        onClose={onClose}
        unreadText={t('ui.notifications.unread')}
        closeButtonAriaLabel={t('ui.notifications.closeDrawer')}
      >
        {all.length > 0 && (
          <>
            <Button variant="link" onClick={markRead}>
              {t('ui.notifications.markRead')}
            </Button>
            <Button variant="link" onClick={() => notices.set(() => [])}>
              {t('ui.notifications.clear')}
            </Button>
          </>
        )}
      </NotificationDrawerHeader>
      <NotificationDrawerBody>
        {all.length === 0 ? (
          <EmptyState icon={BellIcon} headingLevel="h2" titleText={t('ui.notifications.none')} variant="sm">
            <EmptyStateBody>{t('ui.notifications.noneBody')}</EmptyStateBody>
          </EmptyState>
        ) : (
          <NotificationDrawerList>
            {all.map((notice) => (
              <NotificationDrawerListItem key={notice.id} variant={notice.variant} isRead={notice.read} tabIndex={-1}>
                <NotificationDrawerListItemHeader
                  title={notice.title}
                  variant={notice.variant}
                  headingLevel="h2"
                  srTitle={t(`ui.variant.${notice.variant}`)}
                />
                <NotificationDrawerListItemBody timestamp={<TimeAgo at={notice.at} />}>
                  {notice.body}
                </NotificationDrawerListItemBody>
              </NotificationDrawerListItem>
            ))}
          </NotificationDrawerList>
        )}
      </NotificationDrawerBody>
    </NotificationDrawer>
  )
}
