'use client'

import { Nav, NavItem, NavList } from '@patternfly/react-core'
import {
  BundleIcon,
  CatalogIcon,
  ClusterIcon,
  DesktopIcon,
  HistoryIcon,
  NetworkWiredIcon,
  StorageDomainIcon,
  TachometerAltIcon,
} from '@patternfly/react-icons'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import type { ComponentType } from 'react'
import { useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { paths } from './paths'

export type PageId =
  | 'overview'
  | 'virtualMachines'
  | 'catalog'
  | 'storage'
  | 'networks'
  | 'hosts'
  | 'platform'
  | 'activity'

/** The pages of the left navigation, in order. */
export const pages: readonly { id: PageId; path: (cluster: string) => string; icon: ComponentType }[] = [
  { id: 'overview', path: paths.overview, icon: TachometerAltIcon },
  { id: 'virtualMachines', path: (cluster) => paths.virtualMachines(cluster), icon: DesktopIcon },
  { id: 'catalog', path: paths.catalog, icon: CatalogIcon },
  { id: 'storage', path: paths.storage, icon: StorageDomainIcon },
  { id: 'networks', path: paths.networks, icon: NetworkWiredIcon },
  { id: 'hosts', path: paths.hosts, icon: ClusterIcon },
  { id: 'platform', path: paths.platform, icon: BundleIcon },
  { id: 'activity', path: paths.activity, icon: HistoryIcon },
]

/** The left navigation. */
export function Navigation() {
  const t = useT()
  const cluster = useCluster()
  const pathname = usePathname()
  return (
    <Nav aria-label={t('shell.navigation')}>
      <NavList>
        {pages.map(({ id, path, icon: Icon }) => {
          const href = path(cluster)
          return (
            <NavItem key={id} itemId={id} isActive={pathname === href || pathname.startsWith(`${href}/`)}>
              <Link href={href}>
                {/* PatternFly places an icon only in links that it makes itself. */}
                <span className="pf-v6-c-nav__link-icon">
                  <Icon />
                </span>
                <span className="pf-v6-c-nav__link-text">{t(`shell.page.${id}`)}</span>
              </Link>
            </NavItem>
          )
        })}
      </NavList>
    </Nav>
  )
}
