'use client'

import {
  Alert,
  Card,
  CardBody,
  CardTitle,
  ClipboardCopy,
  Content,
  DescriptionList,
  Grid,
  GridItem,
  Stack,
  StackItem,
} from '@patternfly/react-core'
import type { ReactNode } from 'react'
import { imageAnnotation } from '@/contract/builders/create-virtual-machine'
import type { RunStrategy } from '@/contract/kinds/virtual-machine'
import type { VirtualMachineInstance } from '@/contract/kinds/virtual-machine-instance'
import { formatBytes } from '../i18n/format'
import { useLanguage, useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { paths } from '../shell/paths'
import { Fact } from '../ui/fact'
import { LinkButton } from '../ui/link-button'
import { TimeAgo } from '../ui/time-ago'
import { AccessInfo } from './access-card'
import { decideBootProgress } from './boot-progress'
import { BootProgressPanel } from './boot-progress-panel'
import { ConditionsTable } from './conditions-table'
import { DisksTable, type DisksTableProps } from './disks-table'
import { InterfacesTable } from './interfaces-table'
import { type Machine, memoryOf, vcpusOf } from './machine'
import { MachineStatus, printableStatusOf } from './status'

/** What the machine is, how it is, and how one gets at it. */
export function OverviewTab({ machine, dataVolumes, claims }: DisksTableProps) {
  const t = useT()
  const { vm, vmi } = machine
  const conditions = [...(vm.status?.conditions ?? []), ...(vmi?.status?.conditions ?? [])]
  const has = (type: string) => conditions.some((condition) => condition.type === type && condition.status === 'True')
  const status = printableStatusOf(machine)
  const onTheWay = status === 'Provisioning' || status === 'Starting' || status === 'DataVolumeError'
  return (
    <Stack hasGutter>
      {has('RestartRequired') && (
        <StackItem>
          <Alert component="p" isInline variant="warning" title={t('machine.restartRequired.title')}>
            {conditions.find(({ type }) => type === 'RestartRequired')?.message ?? t('machine.restartRequired.body')}
          </Alert>
        </StackItem>
      )}
      {has('SoftwareEmulation') && (
        <StackItem>
          <Alert component="p" isInline isPlain variant="info" title={t('machine.emulated')} />
        </StackItem>
      )}
      {onTheWay && (
        <StackItem>
          <BootProgressPanel name={vm.metadata.name} progress={decideBootProgress(machine, dataVolumes)} />
        </StackItem>
      )}
      <StackItem>
        <Grid hasGutter>
          <GridItem lg={7}>
            <Stack hasGutter>
              <Section title={t('machine.card.details')}>
                <Details machine={machine} />
              </Section>
              <Section title={t('machine.card.disks')}>
                <DisksTable machine={machine} dataVolumes={dataVolumes} claims={claims} />
              </Section>
              <Section title={t('machine.card.network')}>
                <InterfacesTable machine={machine} />
              </Section>
              <Section title={t('machine.card.state')}>
                <ConditionsTable machine={machine} />
              </Section>
            </Stack>
          </GridItem>
          <GridItem lg={5}>
            <Stack hasGutter>
              <Section title={t('machine.card.access')}>
                <AccessInfo machine={machine} />
              </Section>
              <Section title={t('machine.card.connect')}>
                <Connect machine={machine} />
              </Section>
            </Stack>
          </GridItem>
        </Grid>
      </StackItem>
    </Stack>
  )
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <StackItem>
      <Card component="section" aria-label={title}>
        <CardTitle component="h2">{title}</CardTitle>
        <CardBody>{children}</CardBody>
      </Card>
    </StackItem>
  )
}

function Details({ machine }: { machine: Machine }) {
  const t = useT()
  const { vm, vmi } = machine
  const strategy: RunStrategy = vm.spec.runStrategy ?? (vm.spec.running ? 'Always' : 'Halted')
  const rows: [string, ReactNode][] = [
    [t('machine.field.name'), vm.metadata.name],
    [t('machine.field.namespace'), vm.metadata.namespace],
    [t('machines.column.status'), <MachineStatus key="status" machine={machine} />],
    [t('machine.field.size'), <SizeText key="size" machine={machine} />],
    [t('machine.field.image'), vm.metadata.annotations?.[imageAnnotation]],
    [t('machine.field.created'), <TimeAgo key="created" at={vm.metadata.creationTimestamp} />],
    [t('machine.field.runStrategy'), t(`machine.runStrategy.${strategy}`)],
    ...(vmi?.status ? guestRows(vmi.status) : []),
  ]
  return (
    <DescriptionList isHorizontal isCompact columnModifier={{ default: '1Col', xl: '2Col' }}>
      {rows
        .filter(([, value]) => value !== undefined && value !== '' && value !== false)
        .map(([term, value]) => (
          <Fact key={term} term={term}>
            {value}
          </Fact>
        ))}
    </DescriptionList>
  )

  function guestRows(status: NonNullable<VirtualMachineInstance['status']>): [string, ReactNode][] {
    const started = status.phaseTransitionTimestamps?.find(({ phase }) => phase === 'Running')
    return [
      [t('machine.field.host'), status.nodeName],
      [t('machine.field.os'), status.guestOSInfo?.['prettyName']],
      [t('machine.field.machineType'), status.machine?.type],
      [
        t('machine.field.uptime'),
        started && status.phase === 'Running' && <TimeAgo key="uptime" at={started.phaseTransitionTimestamp} />,
      ],
    ]
  }
}

function SizeText({ machine }: { machine: Machine }) {
  const t = useT()
  const language = useLanguage()
  const cpus = vcpusOf(machine)
  const type = machine.vm.spec.instancetype?.name
  if (type !== undefined && cpus === undefined) return t('machine.field.sizeFromType', { type })
  return t('machine.field.sizeValue', { cpus: cpus ?? 1, memory: formatBytes(memoryOf(machine), language) })
}

function Connect({ machine }: { machine: Machine }) {
  const t = useT()
  const cluster = useCluster()
  const { namespace = '', name } = machine.vm.metadata
  const commands = [
    ['machine.connect.console', `virtctl console ${name} -n ${namespace}`],
    ['machine.connect.vnc', `virtctl vnc ${name} -n ${namespace}`],
    ['machine.connect.ssh', `virtctl ssh USER@vm/${name} -n ${namespace}`],
  ] as const
  return (
    <Stack hasGutter>
      <StackItem>
        <LinkButton href={paths.virtualMachine({ cluster, namespace, name, tab: 'console' })}>
          {t('machine.connect.open')}
        </LinkButton>
      </StackItem>
      {commands.map(([label, command]) => (
        <StackItem key={label}>
          <Content component="small">{t(label)}</Content>
          <ClipboardCopy
            isReadOnly
            isCode
            hoverTip={t('ui.copy.copy')}
            clickTip={t('ui.copy.done')}
            textAriaLabel={t(label)}
          >
            {command}
          </ClipboardCopy>
        </StackItem>
      ))}
      <StackItem>
        <Content component="small">{t('machine.connect.hint')}</Content>
      </StackItem>
    </Stack>
  )
}
