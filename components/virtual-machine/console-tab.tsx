'use client'

import { Alert, AlertActionLink, Button, Flex, Stack, StackItem } from '@patternfly/react-core'
import { LockIcon, OffIcon } from '@patternfly/react-icons'
import { useEffect, useState } from 'react'
import type { DataVolume } from '@/contract/kinds/data-volume'
import type { VirtualMachineInstance } from '@/contract/kinds/virtual-machine-instance'
import { AskLink } from '../access/ask-link'
import { useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { useAccess } from '../kube/use-access'
import type { MenuAction } from '../ui/row-menu'
import { EmptyView } from '../ui/views'
import { AccessInfo } from './access-card'
import { decideBootProgress } from './boot-progress'
import { BootProgressPanel } from './boot-progress-panel'
import { consoleUrl, consoleViews, useConsoleView } from './console/console-view'
import { SerialConsole } from './console/serial-console'
import { VncConsole } from './console/vnc-console'
import type { Machine } from './machine'
import { printableStatusOf } from './status'

export interface ConsoleTabProps {
  machine: Machine
  dataVolumes: readonly DataVolume[]
  /** The machine's menu, for the buttons that are offered in place of a console. */
  actions: readonly MenuAction[]
}

/** How long the finished steps stay above a console that has just come up, milliseconds. */
const finishedMs = 6000
/** A machine younger than this was made by whoever looks at it. */
const newMs = 60_000

/** The guest's consoles; before there is a guest, the way to it; when it is off, a button to start it. */
export function ConsoleTab({ machine, dataVolumes, actions }: ConsoleTabProps) {
  const progress = decideBootProgress(machine, dataVolumes)
  const status = printableStatusOf(machine)
  const running = machine.vmi?.status?.phase === 'Running' && !machine.vmi.metadata.deletionTimestamp
  const off = status === 'Stopped' || (status === 'CrashLoopBackOff' && !machine.vmi)
  const stopping = status === 'Stopping' || status === 'Terminating'
  const finished = useJustFinished(running, machine.vm.metadata.creationTimestamp)
  return (
    <Stack hasGutter>
      {((!running && !off && !stopping) || finished) && (
        <StackItem>
          <BootProgressPanel name={machine.vm.metadata.name} progress={progress} />
        </StackItem>
      )}
      {!off && !stopping && (
        <StackItem>
          <AccessInfo machine={machine} compact />
        </StackItem>
      )}
      <StackItem isFilled>
        {running && machine.vmi ? (
          <RunningConsole vmi={machine.vmi} actions={actions} />
        ) : (
          <NoConsole machine={machine} off={off} stopping={stopping} actions={actions} />
        )}
      </StackItem>
    </Stack>
  )
}

/** True for a while after the guest came up before one's eyes, or was so quick that it ran before the page was there. */
function useJustFinished(running: boolean, createdAt: string | undefined): boolean {
  const [before, setBefore] = useState(running)
  const [finished, setFinished] = useState(
    () => running && createdAt !== undefined && Date.now() - Date.parse(createdAt) < newMs,
  )
  if (before !== running) {
    setBefore(running)
    setFinished(running)
  }
  useEffect(() => {
    if (!finished) return
    const timer = setTimeout(() => setFinished(false), finishedMs)
    return () => clearTimeout(timer)
  }, [finished])
  return finished
}

function RunningConsole({ vmi, actions }: { vmi: VirtualMachineInstance; actions: readonly MenuAction[] }) {
  const t = useT()
  const cluster = useCluster()
  const { namespace = '', name, uid } = vmi.metadata
  const views = consoleViews(vmi)
  const { view, choose } = useConsoleView(views)
  const access = useAccess({
    verb: 'get',
    group: 'subresources.kubevirt.io',
    resource: 'virtualmachineinstances',
    subresource: view === 'serial' ? 'console' : 'vnc',
    namespace,
    name,
  })
  const paused = vmi.status?.conditions?.some(({ type, status }) => type === 'Paused' && status === 'True')
  const resume = actions.find(({ id }) => id === 'unpause')
  if (view === undefined) return <EmptyView title={t('console.noneVnc')} body={t('console.noneSerial')} />
  if (access.allowed === false) {
    return (
      <EmptyView
        icon={LockIcon}
        title={t('console.forbidden')}
        body={access.reason}
        action={<AskLink missing={access.missing} />}
      />
    )
  }
  const shared = {
    name,
    views,
    onView: choose,
    url: () => consoleUrl({ cluster, namespace, name }, view),
  }
  // Another guest, or another console, is another connection.
  const key = `${uid} ${view}`
  return (
    <Flex direction={{ default: 'column' }} gap={{ default: 'gapSm' }} alignItems={{ default: 'alignItemsStretch' }}>
      {paused && (
        <Alert
          component="p"
          isInline
          variant="warning"
          title={t('console.paused.title')}
          {...(resume && resume.disabled === undefined
            ? {
                actionLinks: <AlertActionLink onClick={resume.run}>{t('console.paused.resume')}</AlertActionLink>,
              }
            : {})}
        >
          {t('console.paused.body')}
        </Alert>
      )}
      {view === 'vnc' ? <VncConsole key={key} {...shared} /> : <SerialConsole key={key} {...shared} />}
    </Flex>
  )
}

function NoConsole(props: { machine: Machine; off: boolean; stopping: boolean; actions: readonly MenuAction[] }) {
  const { machine, off, stopping, actions } = props
  const t = useT()
  const { name } = machine.vm.metadata
  const start = actions.find(({ id }) => id === 'start')
  if (!off) return <EmptyView title={t(stopping ? 'console.stopping' : 'console.waiting', { name })} small />
  return (
    <EmptyView
      icon={OffIcon}
      title={t('console.off.title', { name })}
      body={start?.disabled ?? t('console.off.body')}
      action={
        start && (
          <Button variant="primary" isAriaDisabled={start.disabled !== undefined} onClick={start.run}>
            {t('console.off.start')}
          </Button>
        )
      }
    />
  )
}
