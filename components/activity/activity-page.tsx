'use client'

import { PageSection } from '@patternfly/react-core'
import { useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { paths } from '../shell/paths'
import { useAddressQuery } from '../shell/use-address-query'
import { PageHeader } from '../ui/page-header'
import { PageTabs } from '../ui/page-tabs'
import { AuditView } from './audit-view'
import { EventsView } from './events-view'

const views = ['events', 'audit'] as const
type ActivityView = (typeof views)[number]

/** The part of the page that the tabs exchange. */
const panelId = 'activity-view'

/** What happened on the cluster, and what people did to it through this console. */
export function ActivityPage() {
  const t = useT()
  const cluster = useCluster()
  const address = useAddressQuery()
  const current = views.find((view) => view === address.get('view')) ?? 'events'
  /** Filters of one view mean nothing in the other. */
  const show = (view: ActivityView) =>
    address.set({
      ...{ view: view === 'events' ? '' : view, q: '', type: '', outcome: '', range: '', sort: '', page: '' },
    })
  return (
    <>
      <PageHeader title={t('shell.page.activity')} description={t(`activity.description.${current}`)} />
      <PageTabs
        {...{ current, panelId }}
        tabs={views}
        label={t('activity.tab.label')}
        titleOf={(view) => t(`activity.tab.${view}`)}
        hrefOf={(view) => paths.activity(cluster, view === 'events' ? undefined : view)}
        onShow={show}
      />
      <PageSection hasBodyWrapper={false} isFilled id={panelId}>
        {current === 'events' ? <EventsView /> : <AuditView />}
      </PageSection>
    </>
  )
}
