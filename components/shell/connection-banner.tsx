'use client'

import { Banner, Button, Flex, FlexItem } from '@patternfly/react-core'
import { DisconnectedIcon } from '@patternfly/react-icons'
import Link from 'next/link'
import { type ReactNode, useEffect, useState } from 'react'
import { useConnection } from '../connection/use-connections'
import { useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { useLiveConnection, useLiveSocket } from '../kube/live-provider'
import { TimeAgo } from '../ui/time-ago'
import { paths } from './paths'

/** A restart of the console takes about this long; nobody needs to be told about that. Milliseconds. */
const patience = 1500

/** Says that what one sees may be old, as long as it may be: because the console is away, or the cluster behind it. */
export function ConnectionBanner() {
  const t = useT()
  const socket = useLiveSocket()
  const lost = useLiveConnection() === 'lost'
  const shown = useLasting(lost)
  return (
    <div role="status" aria-live="polite">
      {lost && shown ? (
        <Trouble>
          <FlexItem>{t('shell.connection.lost')}</FlexItem>
          <FlexItem>
            <Button variant="link" isInline onClick={socket.retryNow}>
              {t('ui.retry')}
            </Button>
          </FlexItem>
        </Trouble>
      ) : (
        <ClusterTrouble />
      )}
    </div>
  )
}

/** The console answers, but the cluster's API server does not, or not as it should. */
function ClusterTrouble() {
  const t = useT()
  const cluster = useCluster()
  const connection = useConnection(cluster)
  if (connection?.health.state !== 'unreachable' && connection?.health.state !== 'refusing') return null
  const { health, displayName } = connection
  return (
    <Trouble>
      <FlexItem>
        {t('connection.banner.lost', { cluster: displayName })} {health.message} (<TimeAgo at={health.since} />)
      </FlexItem>
      <FlexItem>
        <Link href={paths.connection(cluster)}>{t('connection.banner.more')}</Link>
      </FlexItem>
    </Trouble>
  )
}

function Trouble({ children }: { children: ReactNode }) {
  const t = useT()
  return (
    <Banner status="warning" screenReaderText={t('shell.connection.warning')}>
      <Flex spaceItems={{ default: 'spaceItemsSm' }} alignItems={{ default: 'alignItemsCenter' }}>
        <FlexItem>
          <DisconnectedIcon />
        </FlexItem>
        {children}
      </Flex>
    </Banner>
  )
}

/** Whether something has been so for a little while. */
function useLasting(now: boolean): boolean {
  const [lasting, setLasting] = useState(false)
  useEffect(() => {
    if (!now) return
    const timer = setTimeout(() => setLasting(true), patience)
    return () => {
      clearTimeout(timer)
      setLasting(false)
    }
  }, [now])
  return lasting
}
