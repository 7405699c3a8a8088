'use client'

import {
  Button,
  Masthead,
  MastheadBrand,
  MastheadContent,
  MastheadLogo,
  MastheadMain,
  MastheadToggle,
  NotificationBadge,
  PageToggleButton,
  Toolbar,
  ToolbarContent,
  ToolbarGroup,
  ToolbarItem,
} from '@patternfly/react-core'
import { BarsIcon, SearchIcon } from '@patternfly/react-icons'
import Link from 'next/link'
import { ClusterSwitcher } from '../connection/cluster-switcher'
import { ReadOnlyBadge } from '../connection/read-only-badge'
import { useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { useUnreadNotices } from '../ui/toast'
import { Brand } from './mark'
import { NamespaceSelector } from './namespace-selector'
import { paths } from './paths'
import { PersonMenu } from './person-menu'
import { LanguageMenu, ThemeMenu } from './preferences'
import styles from './shell.module.css'

const wideOnly = styles['wideOnly'] ?? ''

export interface ConsoleMastheadProps {
  isNavigationOpen: boolean
  onNavigation: () => void
  isDrawerOpen: boolean
  onDrawer: () => void
  onPalette: () => void
}

/** The bar at the top of every page. */
export function ConsoleMasthead(props: ConsoleMastheadProps) {
  const t = useT()
  const cluster = useCluster()
  const unread = useUnreadNotices()
  return (
    <Masthead display={{ default: 'inline' }}>
      <MastheadMain>
        <MastheadToggle>
          <PageToggleButton
            aria-label={t('shell.toggleNavigation')}
            isSidebarOpen={props.isNavigationOpen}
            onSidebarToggle={props.onNavigation}
          >
            <BarsIcon />
          </PageToggleButton>
        </MastheadToggle>
        <MastheadBrand>
          <MastheadLogo
            className={styles['logo'] ?? ''}
            component={Link}
            href={paths.overview(cluster)}
            aria-label={t('shell.home')}
          >
            <Brand compact />
          </MastheadLogo>
        </MastheadBrand>
      </MastheadMain>
      <MastheadContent>
        <Toolbar isStatic>
          <ToolbarContent alignItems="center">
            <ToolbarItem className={wideOnly}>
              <ClusterSwitcher />
            </ToolbarItem>
            <ToolbarItem className={styles['mayBeEmpty'] ?? ''}>
              <ReadOnlyBadge />
            </ToolbarItem>
            <ToolbarItem className={styles['mayBeEmpty'] ?? ''}>
              <NamespaceSelector />
            </ToolbarItem>
            <ToolbarGroup align={{ default: 'alignEnd' }} variant="action-group-plain" gap={{ default: 'gapXs' }}>
              <ToolbarItem>
                <PaletteButton onClick={props.onPalette} />
              </ToolbarItem>
              <ToolbarItem>
                <NotificationBadge
                  variant={unread.failure ? 'attention' : unread.count > 0 ? 'unread' : 'read'}
                  count={unread.count}
                  aria-label={t('shell.notifications', { count: unread.count })}
                  isExpanded={props.isDrawerOpen}
                  onClick={props.onDrawer}
                />
              </ToolbarItem>
              <ToolbarItem className={wideOnly}>
                <ThemeMenu />
              </ToolbarItem>
              <ToolbarItem className={wideOnly}>
                <LanguageMenu />
              </ToolbarItem>
              <ToolbarItem>
                <PersonMenu />
              </ToolbarItem>
            </ToolbarGroup>
          </ToolbarContent>
        </Toolbar>
      </MastheadContent>
    </Masthead>
  )
}

function PaletteButton({ onClick }: { onClick: () => void }) {
  const t = useT()
  return (
    <Button variant="plain" aria-label={t('shell.palette.open')} aria-keyshortcuts="Control+K" onClick={onClick}>
      <span className={styles['search']}>
        <SearchIcon />
        <kbd className={`${styles['keys']} ${styles['wideOnly']}`}>Ctrl K</kbd>
      </span>
    </Button>
  )
}
