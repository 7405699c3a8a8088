'use client'

import { Alert, Button, Flex, PageSection, Tooltip } from '@patternfly/react-core'
import { OffIcon, PauseIcon, PlayIcon, RedoIcon, SearchIcon, TrashIcon } from '@patternfly/react-icons'
import { useRouter } from 'next/navigation'
import { type ComponentType, useMemo } from 'react'
import { virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { virtualMachineInstanceKind } from '@/contract/kinds/virtual-machine-instance'
import { ObjectHistory } from '../activity/object-history'
import { useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { FailureView } from '../kube/failure-view'
import { ObjectYaml } from '../kube/object-yaml'
import { paths } from '../shell/paths'
import { LinkButton } from '../ui/link-button'
import { PageHeader } from '../ui/page-header'
import { PageTabs } from '../ui/page-tabs'
import { ActionMenu, type MenuAction } from '../ui/row-menu'
import { EmptyView, LoadingView } from '../ui/views'
import { ConsoleTab } from './console-tab'
import { EventsTab } from './events-tab'
import type { Machine } from './machine'
import { MachineHosts } from './machine-hosts'
import { OverviewTab } from './overview-tab'
import { MachineStatus, printableStatusOf, statusReason, statusTones } from './status'
import { useMachineActions } from './use-machine-actions'
import { type MachineObjects, useMachineObjects } from './use-machine-objects'

const tabs = ['overview', 'console', 'yaml', 'events', 'history'] as const
/** What is done to the guest is done to the machine. */
const historyResources = [virtualMachineKind.plural, virtualMachineInstanceKind.plural]
type MachineTab = (typeof tabs)[number]

/** The part of the page that the tabs exchange. */
const panelId = 'machine-tab'

export interface VirtualMachinePageProps {
  namespace: string
  name: string
  /** As the address says; anything unknown is the overview. */
  tab?: string | undefined
}

/** The page of one machine: live, whatever state it is in. */
export function VirtualMachinePage({ namespace, name, tab }: VirtualMachinePageProps) {
  const t = useT()
  const cluster = useCluster()
  const router = useRouter()
  const objects = useMachineObjects({ namespace, name })
  const menus = useMachineActions(useMemo(() => [namespace], [namespace]))
  const { machine } = objects
  const actions = machine ? menus.menuOf(machine) : []
  const current = tabs.find((candidate) => candidate === tab) ?? 'overview'
  const hrefOf = (target: MachineTab) => paths.virtualMachine({ cluster, namespace, name, tab: target })
  const trail = [{ label: t('machine.trail'), href: paths.virtualMachines(cluster) }]
  if (!machine || objects.deleted) {
    return (
      <>
        <PageHeader title={name} trail={trail} />
        <PageSection hasBodyWrapper={false} isFilled>
          <NoMachine objects={objects} namespace={namespace} name={name} />
        </PageSection>
        <MachineHosts onRetryBulk={menus.retryBulk} />
      </>
    )
  }
  return (
    <>
      <PageHeader
        title={name}
        trail={trail}
        badge={<MachineStatus machine={machine} />}
        actions={<HeaderActions name={name} actions={actions} />}
      />
      <PageTabs
        {...{ tabs, current, hrefOf, panelId }}
        label={t('machine.tab.label')}
        titleOf={(target) => t(`machine.tab.${target}`)}
        onShow={(target) => router.push(hrefOf(target))}
      />
      <PageSection hasBodyWrapper={false} isFilled id={panelId}>
        {objects.stale && <Alert component="p" isInline isPlain variant="warning" title={t('machine.stale')} />}
        <Why machine={machine} />
        {current === 'overview' && (
          <OverviewTab machine={machine} dataVolumes={objects.dataVolumes} claims={objects.claims} />
        )}
        {current === 'console' && <ConsoleTab machine={machine} dataVolumes={objects.dataVolumes} actions={actions} />}
        {current === 'yaml' && <ObjectYaml kind={virtualMachineKind} object={machine.vm} />}
        {current === 'events' && <EventsTab machine={machine} />}
        {current === 'history' && (
          <ObjectHistory group="kubevirt.io" resources={historyResources} namespace={namespace} name={name} />
        )}
      </PageSection>
      <MachineHosts onRetryBulk={menus.retryBulk} />
    </>
  )
}

function NoMachine({ objects, namespace, name }: { objects: MachineObjects; namespace: string; name: string }) {
  const t = useT()
  const cluster = useCluster()
  const toList = <LinkButton href={paths.virtualMachines(cluster)}>{t('machine.toList')}</LinkButton>
  if (objects.deleted) {
    return (
      <EmptyView
        icon={TrashIcon}
        title={t('machine.deleted.title', { name })}
        body={t('machine.deleted.body')}
        action={toList}
      />
    )
  }
  if (objects.notFound) {
    return (
      <EmptyView
        icon={SearchIcon}
        title={t('machine.notFound.title', { name })}
        body={t('machine.notFound.body', { namespace })}
        action={toList}
      />
    )
  }
  if (objects.error) return <FailureView failure={objects.error} />
  return <LoadingView label={t('machine.loading')} lines={6} />
}

/** A state that is no good says why, whatever tab one looks at. */
function Why({ machine }: { machine: Machine }) {
  const t = useT()
  const status = printableStatusOf(machine)
  const reason = statusReason(machine)
  if (statusTones[status] !== 'bad' || reason === undefined) return null
  return (
    <Alert component="p" isInline variant="danger" title={t('machine.why', { status: t(`machines.status.${status}`) })}>
      {reason}
    </Alert>
  )
}

/** The actions that one wants most, as icons beside the menu of all. */
const quick: Record<string, ComponentType> = {
  start: PlayIcon,
  stop: OffIcon,
  restart: RedoIcon,
  pause: PauseIcon,
  unpause: PlayIcon,
}

function HeaderActions({ name, actions }: { name: string; actions: readonly MenuAction[] }) {
  const t = useT()
  const shown = actions.filter(({ id, disabled }) => id in quick && disabled === undefined)
  return (
    <Flex gap={{ default: 'gapSm' }} alignItems={{ default: 'alignItemsCenter' }}>
      {shown.map(({ id, label, run }) => {
        const Icon = quick[id]
        return (
          <Tooltip key={id} content={label} aria="none">
            <Button variant="plain" aria-label={label} icon={Icon && <Icon />} onClick={run} />
          </Tooltip>
        )
      })}
      <ActionMenu label={t('machine.actionsOf', { name })} text={t('machine.actions')} actions={() => actions} />
    </Flex>
  )
}
