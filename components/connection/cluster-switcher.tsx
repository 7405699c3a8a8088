'use client'

import { Divider, DropdownGroup, DropdownItem, DropdownList, Icon } from '@patternfly/react-core'
import { CheckIcon } from '@patternfly/react-icons'
import { usePathname, useRouter } from 'next/navigation'
import type { ConnectionInfo } from '@/contract/connections'
import { useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { useSession } from '../kube/session'
import { paths } from '../shell/paths'
import { SearchDropdown } from '../ui/search-dropdown'
import { toneIcon } from '../ui/status-label'
import styles from './connection.module.css'
import { pathInCluster, stateKey, toneOf } from './health'
import { useConnections } from './use-connections'

/** More of them would be a list to read, not to choose from: there one types. */
const shownAtOnce = 8

/** Which cluster this is and how its connection does; leads to the same page in another one. */
export function ClusterSwitcher() {
  const t = useT()
  const cluster = useCluster()
  const router = useRouter()
  const pathname = usePathname()
  const { clusters } = useSession()
  const connections = useConnections().data?.connections ?? []
  const current = connections.find(({ name }) => name === cluster)
  const shownName = current?.displayName ?? clusters.find(({ name }) => name === cluster)?.displayName ?? cluster
  return (
    <SearchDropdown
      label={toggleLabel(t('shell.cluster', { name: shownName }), current && t(stateKey(current.health)))}
      icon={current && <HealthIcon connection={current} />}
      shown={<span className={styles['cluster']}>{shownName}</span>}
      find={connections.length > shownAtOnce ? t('connection.switcher.find') : undefined}
    >
      {({ text, close }) => {
        const found = connections.filter(({ name, displayName, server = '' }) =>
          `${name} ${displayName} ${server}`.toLowerCase().includes(text),
        )
        const go = (href: string) => {
          close()
          router.push(href)
        }
        return (
          <>
            <DropdownGroup label={t('connection.switcher.label')}>
              <DropdownList>
                {found.map((connection) => (
                  <DropdownItem
                    key={connection.name}
                    icon={<CheckIcon style={{ visibility: connection.name === cluster ? 'visible' : 'hidden' }} />}
                    aria-current={connection.name === cluster}
                    description={<Summary connection={connection} />}
                    onClick={() => go(pathInCluster(pathname, connection.name))}
                  >
                    {connection.displayName}
                  </DropdownItem>
                ))}
                {found.length === 0 && <DropdownItem isDisabled>{t('connection.switcher.none')}</DropdownItem>}
              </DropdownList>
            </DropdownGroup>
            <Divider />
            <DropdownList>
              <DropdownItem onClick={() => go(paths.connection(cluster))}>
                {t('connection.switcher.report')}
              </DropdownItem>
              <DropdownItem onClick={() => go(paths.connections())}>{t('connection.switcher.all')}</DropdownItem>
            </DropdownList>
          </>
        )
      }}
    </SearchDropdown>
  )
}

const toggleLabel = (name: string, state: string | undefined) => (state === undefined ? name : `${name}, ${state}`)

/** State, latency and version in one line. */
function Summary({ connection }: { connection: ConnectionInfo }) {
  const t = useT()
  const { health, version } = connection
  const latency = health.latencyMs === undefined ? '' : t('connection.latency', { ms: health.latencyMs })
  return (
    <span className={styles['summary']}>
      <HealthIcon connection={connection} /> {[t(stateKey(health)), latency, version].filter(Boolean).join(' · ')}
    </span>
  )
}

const statusOf = { good: 'success', warning: 'warning', bad: 'danger' } as const

function HealthIcon({ connection }: { connection: ConnectionInfo }) {
  const tone = toneOf(connection.health)
  const Shape = toneIcon(tone)
  const status = tone === 'good' || tone === 'warning' || tone === 'bad' ? statusOf[tone] : 'info'
  return (
    <Icon status={status} size="md">
      <Shape />
    </Icon>
  )
}
