'use client'

import { Card, CardBody, CardFooter, CardHeader, CardTitle, Stack, StackItem } from '@patternfly/react-core'
import Link from 'next/link'
import { nodeKind } from '@/contract/kinds/core'
import { virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import { capacityOf } from '../hosts/host'
import { formatBytes, formatNumber } from '../i18n/format'
import { useLanguage, useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { LiveSection } from '../kube/live-section'
import { useList } from '../kube/use-list'
import { paths } from '../shell/paths'
import { CapacityBar } from '../ui/capacity-bar'

/** What the hosts have and how much of it running machines were given. */
export function CapacityCard() {
  const t = useT()
  const language = useLanguage()
  const cluster = useCluster()
  const nodes = useList(nodeKind)
  const vmis = useList(virtualMachineInstanceKind)
  const { cpus, memory, storage } = capacityOf(nodes.items, vmis.items)
  const bytes = (value: number) => formatBytes(value, language)
  return (
    <Card isFullHeight>
      <CardHeader>
        <CardTitle component="h2">{t('overview.capacity.title')}</CardTitle>
      </CardHeader>
      <CardBody>
        {/* Hosts have a capacity also where there are no machines to use it. */}
        <LiveSection of={vmis.error?.code === 404 ? [nodes] : [nodes, vmis]}>
          <Stack hasGutter>
            <StackItem>
              {/* Virtual CPUs share real ones: more of them than there are is usual, so the warning comes late. */}
              <CapacityBar
                title={t('overview.capacity.cpu')}
                used={cpus.used}
                total={cpus.total}
                warnAbove={4}
                text={t('hosts.amount', {
                  used: formatNumber(cpus.used, language),
                  total: formatNumber(cpus.total, language),
                })}
              />
            </StackItem>
            <StackItem>
              <CapacityBar
                title={t('overview.capacity.memory')}
                used={memory.used}
                total={memory.total}
                text={t('hosts.amount', { used: bytes(memory.used), total: bytes(memory.total) })}
              />
            </StackItem>
            {storage && (
              <StackItem>
                <CapacityBar
                  title={t('overview.capacity.storage')}
                  used={storage.used}
                  total={storage.total}
                  text={t('hosts.amount', { used: bytes(storage.used), total: bytes(storage.total) })}
                />
              </StackItem>
            )}
          </Stack>
        </LiveSection>
      </CardBody>
      <CardFooter>
        {nodes.loaded && (
          <Link href={paths.hosts(cluster)}>{t('overview.capacity.hosts', { count: nodes.items.length })}</Link>
        )}
      </CardFooter>
    </Card>
  )
}
