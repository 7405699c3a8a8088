'use client'

import { Page, PageSidebar, PageSidebarBody, SkipToContent } from '@patternfly/react-core'
import dynamic from 'next/dynamic'
import { usePathname } from 'next/navigation'
import { type ReactNode, useEffect, useState } from 'react'
import { WhichNamespaces } from '../access/which-namespaces'
import { useT } from '../i18n/use-t'
import { ClusterProvider } from '../kube/cluster'
import { LiveProvider } from '../kube/live-provider'
import { NamespacesProvider } from '../kube/namespaces-provider'
import { NoticeDrawer } from '../ui/toast'
import { ConnectionBanner } from './connection-banner'
import { ConsoleMasthead } from './masthead'
import { Navigation } from './navigation'
import { SessionGate } from './session-gate'
import { usePaletteKey } from './use-palette-key'

const CommandPalette = dynamic(async () => (await import('./command-palette')).CommandPalette, { ssr: false })

const mainId = 'main'
/** From here on PatternFly shows the navigation beside the page instead of over it. */
const wide = '(min-width: 75rem)'

/** Everything around a page of one cluster: session, live data, masthead, navigation, palette, notifications. */
export function ConsoleShell({ cluster, children }: { cluster: string; children: ReactNode }) {
  return (
    <SessionGate>
      <ClusterProvider cluster={cluster}>
        <LiveProvider>
          <NamespacesProvider>
            <Frame>{children}</Frame>
          </NamespacesProvider>
        </LiveProvider>
      </ClusterProvider>
    </SessionGate>
  )
}

function Frame({ children }: { children: ReactNode }) {
  const t = useT()
  const pathname = usePathname()
  const [drawer, setDrawer] = useState(false)
  const [palette, setPalette] = usePaletteKey()
  const [navigation, setNavigation] = useNavigationState(pathname)
  return (
    <Page
      masthead={
        <ConsoleMasthead
          isNavigationOpen={navigation}
          onNavigation={() => setNavigation(!navigation)}
          isDrawerOpen={drawer}
          onDrawer={() => setDrawer(!drawer)}
          onPalette={() => setPalette(true)}
        />
      }
      sidebar={
        <PageSidebar isSidebarOpen={navigation}>
          <PageSidebarBody>
            <Navigation />
          </PageSidebarBody>
        </PageSidebar>
      }
      skipToContent={<SkipToContent href={`#${mainId}`}>{t('shell.skip')}</SkipToContent>}
      mainContainerId={mainId}
      // Whoever scrolls by keyboard needs to get there, also when the page has nothing else to focus.
      mainTabIndex={0}
      mainAriaLabel={t('shell.main')}
      notificationDrawer={<NoticeDrawer onClose={() => setDrawer(false)} />}
      isNotificationDrawerExpanded={drawer}
      isContentFilled
    >
      <ConnectionBanner />
      <WhichNamespaces>{children}</WhichNamespaces>
      {palette && <CommandPalette onClose={() => setPalette(false)} />}
    </Page>
  )
}

/** Open where there is room; where it lies over the page, it closes when one has gone somewhere. */
function useNavigationState(pathname: string) {
  const [open, setOpen] = useState(() => window.matchMedia(wide).matches)
  useEffect(() => {
    const media = window.matchMedia(wide)
    const follow = () => setOpen(media.matches)
    media.addEventListener('change', follow)
    return () => media.removeEventListener('change', follow)
  }, [])
  const [shownFor, setShownFor] = useState(pathname)
  if (shownFor !== pathname) {
    setShownFor(pathname)
    if (!window.matchMedia(wide).matches) setOpen(false)
  }
  return [open, setOpen] as const
}
