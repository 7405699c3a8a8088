'use client'

import { PageSection, Tab, Tabs, TabTitleText } from '@patternfly/react-core'
import { useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { paths } from '../shell/paths'
import { useAddressQuery } from '../shell/use-address-query'
import { PageHeader } from '../ui/page-header'
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
      <PageSection hasBodyWrapper={false} type="tabs">
        <Tabs
          component="nav"
          aria-label={t('activity.tab.label')}
          activeKey={current}
          onSelect={(event, key) => {
            // A plain click stays in this page; with Ctrl and the like the browser opens the link as it wants.
            const mouse = event as React.MouseEvent<HTMLElement>
            if (mouse.ctrlKey || mouse.metaKey || mouse.shiftKey) return
            event.preventDefault()
            const target = views.find((view) => view === key)
            if (target) show(target)
          }}
        >
          {views.map((view) => (
            <Tab
              key={view}
              eventKey={view}
              href={paths.activity(cluster, view === 'events' ? undefined : view)}
              tabContentId={panelId}
              title={<TabTitleText>{t(`activity.tab.${view}`)}</TabTitleText>}
            />
          ))}
        </Tabs>
      </PageSection>
      <PageSection hasBodyWrapper={false} isFilled id={panelId}>
        {current === 'events' ? <EventsView /> : <AuditView />}
      </PageSection>
    </>
  )
}
