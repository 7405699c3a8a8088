'use client'

import {
  Alert,
  Card,
  CardBody,
  CardHeader,
  CardTitle,
  DescriptionList,
  Gallery,
  Label,
  LabelGroup,
  PageSection,
  Title,
} from '@patternfly/react-core'
import type { ConnectionInfo } from '@/contract/connections'
import { useT } from '../i18n/use-t'
import { ApiFailure } from '../kube/api'
import { useCluster } from '../kube/cluster'
import { FailureView } from '../kube/failure-view'
import { paths } from '../shell/paths'
import { Fact } from '../ui/fact'
import { LinkButton } from '../ui/link-button'
import { PageHeader } from '../ui/page-header'
import { StatusLabel } from '../ui/status-label'
import { TimeAgo, useNow } from '../ui/time-ago'
import { LoadingView } from '../ui/views'
import styles from './connection.module.css'
import { credentialsEndSoon, stateKey, toneOf } from './health'
import { ReadOnlyCard } from './read-only-card'
import { FeatureTable, PartTable } from './report-tables'
import { useClusterReport, type Who } from './use-cluster-report'
import { useConnections } from './use-connections'

/** The report of a connection: how it does, who one is there, what the cluster is made of, and what is missing. */
export function ConnectionPage() {
  const t = useT()
  const cluster = useCluster()
  const { data, error, refetch } = useConnections()
  const connection = data?.connections.find(({ name }) => name === cluster)
  const found = useClusterReport()
  return (
    <>
      <PageHeader
        title={t('connection.title')}
        description={t('connection.description', { cluster: connection?.displayName ?? cluster })}
        actions={
          <LinkButton href={paths.connections()} variant="secondary">
            {t('connection.switcher.all')}
          </LinkButton>
        }
      />
      <PageSection hasBodyWrapper={false}>
        {connection ? (
          <Gallery hasGutter minWidths={{ default: '100%', md: '20rem' }}>
            <ReadOnlyCard connection={connection} />
            <FactsCard connection={connection} />
            <WhoCard who={found.who} />
          </Gallery>
        ) : error instanceof ApiFailure ? (
          <FailureView failure={error} onRetry={() => void refetch()} small />
        ) : (
          <LoadingView lines={4} />
        )}
      </PageSection>
      {found.failure ? (
        <PageSection hasBodyWrapper={false}>
          <FailureView failure={found.failure} onRetry={found.again} small />
        </PageSection>
      ) : (
        <>
          <PageSection hasBodyWrapper={false}>
            <Title headingLevel="h2" size="lg">
              {t('connection.part.title')}
            </Title>
            <PartTable rows={found.report.parts} loading={found.loading} />
          </PageSection>
          <PageSection hasBodyWrapper={false} isFilled>
            <Title headingLevel="h2" size="lg">
              {t('connection.feature.title')}
            </Title>
            <FeatureTable rows={found.report.features} loading={found.loading} />
          </PageSection>
        </>
      )}
    </>
  )
}

function FactsCard({ connection }: { connection: ConnectionInfo }) {
  const t = useT()
  const now = useNow()
  const { health, server, user, context, version } = connection
  return (
    <Card>
      <CardHeader>
        <CardTitle component="h2">{t('connection.facts.title')}</CardTitle>
      </CardHeader>
      <CardBody>
        <DescriptionList isHorizontal isCompact>
          <Fact term={t('connection.facts.state')}>
            <StatusLabel tone={toneOf(health)}>{t(stateKey(health))}</StatusLabel>
            {health.message !== undefined && <div className={styles['words']}>{health.message}</div>}
          </Fact>
          <Fact term={t('connection.facts.since')}>
            <TimeAgo at={health.since} />
          </Fact>
          {health.latencyMs !== undefined && (
            <Fact term={t('connection.facts.latency')}>{t('connection.latency', { ms: health.latencyMs })}</Fact>
          )}
          <Fact term={t('connection.facts.server')}>{server ?? t('connection.facts.own')}</Fact>
          {version !== undefined && <Fact term="Kubernetes">{version}</Fact>}
          {context !== undefined && <Fact term={t('connection.facts.context')}>{context}</Fact>}
          {user !== undefined && <Fact term={t('connection.facts.user')}>{user}</Fact>}
          {health.credentialsExpireAt !== undefined && (
            <Fact term={t('connection.facts.credentials')}>
              <TimeAgo at={health.credentialsExpireAt} />
            </Fact>
          )}
        </DescriptionList>
        {credentialsEndSoon(health, now) && (
          <Alert
            isInline
            isPlain
            component="p"
            variant="warning"
            variantLabel={t('ui.variant.warning')}
            title={t('connection.facts.renew')}
          />
        )}
      </CardBody>
    </Card>
  )
}

function WhoCard({ who }: { who: Who | undefined }) {
  const t = useT()
  const cluster = useCluster()
  return (
    <Card>
      <CardHeader>
        <CardTitle component="h2">{t('connection.who.title')}</CardTitle>
      </CardHeader>
      <CardBody>
        <DescriptionList isHorizontal isCompact>
          <Fact term={t('connection.who.user')}>{who?.user ?? t('connection.who.unknown')}</Fact>
          <Fact term={t('connection.who.groups')}>
            {who && who.groups.length > 0 ? (
              <LabelGroup
                numLabels={6}
                collapsedText={t('connection.who.more', { count: who.groups.length - 6 })}
                expandedText={t('connection.who.less')}
              >
                {who.groups.map((group) => (
                  <Label key={group} isCompact>
                    {group}
                  </Label>
                ))}
              </LabelGroup>
            ) : (
              '–'
            )}
          </Fact>
        </DescriptionList>
        <LinkButton href={paths.access(cluster)} variant="link" isInline>
          {t('connection.who.mayDo')}
        </LinkButton>
      </CardBody>
    </Card>
  )
}
