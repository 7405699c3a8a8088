'use client'

import { Banner, Button, Flex, FlexItem } from '@patternfly/react-core'
import { DisconnectedIcon } from '@patternfly/react-icons'
import { useEffect, useState } from 'react'
import { useT } from '../i18n/use-t'
import { useLiveConnection, useLiveSocket } from '../kube/live-provider'

/** A restart of the console takes about this long; nobody needs to be told about that. Milliseconds. */
const patience = 1500

/** Says that what one sees may be old, as long as it may be. */
export function ConnectionBanner() {
  const t = useT()
  const socket = useLiveSocket()
  const lost = useLiveConnection() === 'lost'
  const [shown, setShown] = useState(false)
  useEffect(() => {
    if (!lost) return
    const timer = setTimeout(() => setShown(true), patience)
    return () => {
      clearTimeout(timer)
      setShown(false)
    }
  }, [lost])
  return (
    <div role="status" aria-live="polite">
      {lost && shown && (
        <Banner status="warning" screenReaderText={t('shell.connection.warning')}>
          <Flex spaceItems={{ default: 'spaceItemsSm' }} alignItems={{ default: 'alignItemsCenter' }}>
            <FlexItem>
              <DisconnectedIcon />
            </FlexItem>
            <FlexItem>{t('shell.connection.lost')}</FlexItem>
            <FlexItem>
              <Button variant="link" isInline onClick={socket.retryNow}>
                {t('ui.retry')}
              </Button>
            </FlexItem>
          </Flex>
        </Banner>
      )}
    </div>
  )
}
