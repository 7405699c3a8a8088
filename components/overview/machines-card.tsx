'use client'

import { Card, CardBody, CardFooter, CardHeader, CardTitle } from '@patternfly/react-core'
import Link from 'next/link'
import { type PrintableStatus, virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { formatNumber } from '../i18n/format'
import { useLanguage, useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { LiveSection } from '../kube/live-section'
import { useList } from '../kube/use-list'
import { paths } from '../shell/paths'
import { toneIcon } from '../ui/status-label'
import { EmptyView } from '../ui/views'
import { CreateMachineButton } from '../virtual-machine/create-machine-button'
import { printableStatusOf, statusTones } from '../virtual-machine/status'
import styles from './overview.module.css'

/** Statuses that a healthy cluster has too: shown even when no machine is in them. */
const always: readonly PrintableStatus[] = ['Running', 'Stopped', 'Paused']

/** How many machines are in which state; each leads to exactly those machines. */
export function MachinesCard() {
  const t = useT()
  const language = useLanguage()
  const cluster = useCluster()
  const vms = useList(virtualMachineKind)
  const counts = new Map<PrintableStatus, number>(always.map((status) => [status, 0]))
  for (const vm of vms.items) {
    const status = printableStatusOf({ vm })
    counts.set(status, (counts.get(status) ?? 0) + 1)
  }
  return (
    <Card isFullHeight>
      <CardHeader>
        <CardTitle component="h2">{t('overview.machines.title')}</CardTitle>
      </CardHeader>
      <CardBody>
        <LiveSection of={[vms]}>
          {vms.items.length === 0 ? (
            <EmptyView
              small
              title={t('machines.empty.title')}
              body={t('machines.empty.body')}
              action={<CreateMachineButton variant="secondary" />}
            />
          ) : (
            <ul className={styles['states']}>
              {[...counts].map(([status, count]) => {
                const Icon = toneIcon(statusTones[status])
                return (
                  <li key={status}>
                    <Link
                      className={styles['state']}
                      data-tone={statusTones[status]}
                      href={paths.virtualMachines(cluster, { status })}
                    >
                      <span className={styles['count']}>{formatNumber(count, language)}</span>
                      <span className={styles['label']}>
                        <Icon /> {t(`machines.status.${status}`)}
                      </span>
                    </Link>
                  </li>
                )
              })}
            </ul>
          )}
        </LiveSection>
      </CardBody>
      {vms.items.length > 0 && (
        <CardFooter>
          <Link href={paths.virtualMachines(cluster)}>{t('overview.machines.all', { count: vms.items.length })}</Link>
        </CardFooter>
      )}
    </Card>
  )
}
