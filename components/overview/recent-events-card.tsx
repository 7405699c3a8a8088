'use client'

import { Card, CardBody, CardFooter, CardHeader, CardTitle } from '@patternfly/react-core'
import { ExclamationTriangleIcon, HistoryIcon, InfoCircleIcon } from '@patternfly/react-icons'
import Link from 'next/link'
import { useMemo } from 'react'
import { eventKind, type KubeEvent } from '@/contract/kinds/core'
import { eventTimeOf, newestFirst } from '../activity/event'
import { EventObject } from '../activity/event-object'
import { useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { LiveSection } from '../kube/live-section'
import { useList } from '../kube/use-list'
import { paths } from '../shell/paths'
import { TimeAgo } from '../ui/time-ago'
import { EmptyView } from '../ui/views'
import styles from './overview.module.css'

const most = 8

/** The latest events of all namespaces. */
export function RecentEventsCard() {
  const t = useT()
  const cluster = useCluster()
  const events = useList(eventKind)
  const latest = useMemo(() => newestFirst(events.items).slice(0, most), [events.items])
  return (
    <Card isFullHeight>
      <CardHeader>
        <CardTitle component="h2">{t('overview.events.title')}</CardTitle>
      </CardHeader>
      <CardBody>
        <LiveSection of={[events]}>
          {latest.length === 0 ? (
            <EmptyView small icon={HistoryIcon} title={t('activity.empty.title')} />
          ) : (
            <ul className={styles['events']}>
              {latest.map((event) => (
                <EventLine key={`${event.metadata.namespace}/${event.metadata.name}`} event={event} />
              ))}
            </ul>
          )}
        </LiveSection>
      </CardBody>
      <CardFooter>
        <Link href={paths.activity(cluster)}>{t('overview.events.all')}</Link>
      </CardFooter>
    </Card>
  )
}

function EventLine({ event }: { event: KubeEvent }) {
  const t = useT()
  const warning = event.type === 'Warning'
  const Icon = warning ? ExclamationTriangleIcon : InfoCircleIcon
  return (
    <li className={styles['event']}>
      <Icon
        className={styles[warning ? 'warning' : 'normal'] ?? ''}
        title={t(warning ? 'activity.type.Warning' : 'activity.type.Normal')}
      />
      <div>
        <EventObject event={event} /> <strong>{event.reason}</strong>
        <div className={styles['message']}>{event.message}</div>
      </div>
      <span className={styles['when']}>
        <TimeAgo at={eventTimeOf(event)} />
      </span>
    </li>
  )
}
