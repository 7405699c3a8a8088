'use client'

import { DescriptionList } from '@patternfly/react-core'
import { type Platform, platformKind, platformName } from '@/contract/kinds/platform-chiave'
import { type OperatorSkew, operatorSkew } from '@/contract/platform/skew'
import { useT } from '../i18n/use-t'
import { LiveSection } from '../kube/live-section'
import { useSession } from '../kube/session'
import { useObject } from '../kube/use-object'
import { useOffers } from '../kube/use-offers'
import { Fact } from '../ui/fact'
import { StatusLabel, type Tone } from '../ui/status-label'
import { TimeAgo, useNow } from '../ui/time-ago'
import { EmptyView } from '../ui/views'
import { PlatformCard } from './platform-card'

/** Chiave's own operator in this cluster: whether it works, and whether it fits this console. */
export function OperatorCard() {
  const t = useT()
  const offered = useOffers(platformKind)
  const platform = useObject(platformKind, { name: platformName, enabled: offered !== false })
  const absent = offered === false || (platform.loaded && platform.object?.status === undefined)
  return (
    <PlatformCard title={t('platform.operator.title')}>
      {absent ? (
        <EmptyView small title={t('platform.operator.none')} body={t('platform.operator.adds')} />
      ) : (
        <LiveSection of={[platform]} lines={3}>
          {platform.object && <OperatorFacts platform={platform.object} />}
        </LiveSection>
      )}
    </PlatformCard>
  )
}

function OperatorFacts({ platform }: { platform: Platform }) {
  const t = useT()
  const { version } = useSession()
  const skew = operatorSkew(platform, version, useNow())
  const ready = platform.status?.conditions?.find(({ type }) => type === 'Ready')
  return (
    <DescriptionList isHorizontal isCompact>
      <Fact term={t('platform.state')}>
        <StatusLabel tone={toneOf(skew)}>{t(`platform.operator.state.${wordOf(skew)}`)}</StatusLabel>
      </Fact>
      {skew.state !== 'none' && <Fact term={t('platform.version')}>{skew.version}</Fact>}
      <Fact term={t('platform.operator.heartbeat')}>
        <TimeAgo at={platform.status?.lastHeartbeat} />
      </Fact>
      {ready?.status === 'False' && <Fact term={t('platform.reason')}>{ready.message ?? ready.reason ?? '–'}</Fact>}
    </DescriptionList>
  )
}

function toneOf(skew: OperatorSkew): Tone {
  if (skew.state === 'same') return 'good'
  return skew.state === 'silent' || ('supported' in skew && !skew.supported) ? 'bad' : 'warning'
}

function wordOf(skew: OperatorSkew) {
  return 'supported' in skew && !skew.supported ? 'unsupported' : skew.state
}
