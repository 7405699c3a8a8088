'use client'

import { PageSection, Tab, Tabs, TabTitleText } from '@patternfly/react-core'
import type { MouseEvent } from 'react'

export interface PageTabsProps<Name extends string> {
  /** What the tabs are, for those who do not see them. */
  label: string
  tabs: readonly Name[]
  current: Name
  titleOf: (tab: Name) => string
  /** Every tab has an address of its own. */
  hrefOf: (tab: Name) => string
  /** A tab was chosen to be shown in this page. */
  onShow: (tab: Name) => void
  /** The part of the page that the tabs exchange. */
  panelId: string
}

/** The tabs of a page: links, so that the browser opens them elsewhere as well. */
export function PageTabs<Name extends string>(props: PageTabsProps<Name>) {
  const { label, tabs, current, titleOf, hrefOf, onShow, panelId } = props
  return (
    <PageSection hasBodyWrapper={false} type="tabs">
      <Tabs
        component="nav"
        aria-label={label}
        activeKey={current}
        onSelect={(event, key) => {
          // A plain click stays in this page; with Ctrl and the like the browser opens the link as it wants.
          const mouse = event as MouseEvent<HTMLElement>
          if (mouse.ctrlKey || mouse.metaKey || mouse.shiftKey) return
          event.preventDefault()
          const target = tabs.find((candidate) => candidate === key)
          if (target) onShow(target)
        }}
      >
        {tabs.map((tab) => (
          <Tab
            key={tab}
            eventKey={tab}
            href={hrefOf(tab)}
            tabContentId={panelId}
            title={<TabTitleText>{titleOf(tab)}</TabTitleText>}
          />
        ))}
      </Tabs>
    </PageSection>
  )
}
