'use client'

import { DescriptionList, Gallery, PageSection, Title } from '@patternfly/react-core'
import { useQuery } from '@tanstack/react-query'
import type { Kind } from '@/contract/kinds/kind'
import { cdiKind, kubeVirtKind } from '@/contract/kinds/platform'
import { useT } from '../i18n/use-t'
import { ApiFailure, useKubeApi } from '../kube/api'
import { useCluster } from '../kube/cluster'
import { FailureView } from '../kube/failure-view'
import { LiveSection } from '../kube/live-section'
import { MissingPart, type PartId, parts } from '../kube/missing-part'
import { callQueryKey } from '../kube/query-keys'
import { useSession } from '../kube/session'
import { useList } from '../kube/use-list'
import { useOffers } from '../kube/use-offers'
import { Fact } from '../ui/fact'
import { PageHeader } from '../ui/page-header'
import { StatusLabel } from '../ui/status-label'
import { EmptyView, LoadingView } from '../ui/views'
import { ApiGroups } from './api-groups'
import { componentStateOf, type PlatformObject } from './component-state'
import { FurtherParts } from './further-parts'
import { OperatorCard } from './operator-card'
import { PlatformCard } from './platform-card'

/** What the platform is made of, in which version and state, and what its API offers. */
export function PlatformPage() {
  const t = useT()
  return (
    <>
      <PageHeader title={t('shell.page.platform')} description={t('platform.description')} />
      <PageSection hasBodyWrapper={false}>
        <Gallery hasGutter minWidths={{ default: '100%', md: '20rem' }}>
          <KubernetesCard />
          <ComponentCard kind={kubeVirtKind} part="kubeVirt" />
          <ComponentCard kind={cdiKind} part="cdi" />
          <OperatorCard />
        </Gallery>
      </PageSection>
      <PageSection hasBodyWrapper={false}>
        <Title headingLevel="h2" size="lg">
          {t('platform.more')}
        </Title>
        <FurtherParts />
      </PageSection>
      <PageSection hasBodyWrapper={false} isFilled>
        <Title headingLevel="h2" size="lg">
          {t('platform.api.title')}
        </Title>
        <ApiGroups />
      </PageSection>
    </>
  )
}

function KubernetesCard() {
  const t = useT()
  const api = useKubeApi()
  const cluster = useCluster()
  const { version } = useSession()
  const { data, error, refetch } = useQuery({
    queryKey: callQueryKey(cluster, 'version', {}),
    // `/version` answers with the server's build information.
    queryFn: async () => (await api.call('GET', '/version')) as { gitVersion?: string; platform?: string },
  })
  return (
    <PlatformCard title="Kubernetes">
      {error instanceof ApiFailure ? (
        <FailureView failure={error} onRetry={() => void refetch()} small />
      ) : data === undefined ? (
        <LoadingView lines={2} />
      ) : (
        <DescriptionList isHorizontal isCompact>
          <Fact term={t('platform.version')}>{data.gitVersion ?? '–'}</Fact>
          <Fact term={t('platform.architecture')}>{data.platform ?? '–'}</Fact>
          <Fact term={t('platform.console')}>{version}</Fact>
        </DescriptionList>
      )}
    </PlatformCard>
  )
}

function ComponentCard({ kind, part }: { kind: Kind<PlatformObject>; part: PartId }) {
  const t = useT()
  const offered = useOffers(kind)
  const list = useList(kind, { enabled: offered !== false })
  return (
    <PlatformCard title={parts[part].name}>
      {offered === false ? (
        <MissingPart part={part} small />
      ) : (
        <LiveSection of={[list]} lines={3}>
          {list.items.length === 0 ? (
            <EmptyView small title={t('platform.notSetUp')} body={t(`platform.adds.${part}`)} />
          ) : (
            list.items.map((object) => <ComponentFacts key={object.metadata.name} object={object} />)
          )}
        </LiveSection>
      )}
    </PlatformCard>
  )
}

function ComponentFacts({ object }: { object: PlatformObject }) {
  const t = useT()
  const { tone, phase, version, trouble } = componentStateOf(object)
  return (
    <DescriptionList isHorizontal isCompact>
      <Fact term={t('platform.state')}>
        <StatusLabel tone={tone}>{phase ?? '–'}</StatusLabel>
      </Fact>
      <Fact term={t('platform.version')}>{version ?? '–'}</Fact>
      {trouble !== undefined && <Fact term={t('platform.reason')}>{trouble}</Fact>}
    </DescriptionList>
  )
}
