'use client'

import { Content } from '@patternfly/react-core'
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import type { PersistentVolumeClaim } from '@/contract/kinds/core'
import type { DataVolume } from '@/contract/kinds/data-volume'
import type { Volume } from '@/contract/kinds/virtual-machine-instance'
import { quantityBytes } from '@/contract/quantity'
import { formatBytes } from '../i18n/format'
import { type Translate, useLanguage, useT } from '../i18n/use-t'
import { RelativeProgress } from '../ui/relative-progress'
import { StatusLabel } from '../ui/status-label'
import { diskFailure, diskKind, readPercent } from './boot-progress'
import type { Machine } from './machine'

export interface DisksTableProps {
  machine: Machine
  dataVolumes: readonly DataVolume[]
  claims: readonly PersistentVolumeClaim[]
}

/** The machine's disks: where each comes from, how large it is, how far its making is. */
export function DisksTable({ machine, dataVolumes, claims }: DisksTableProps) {
  const t = useT()
  const language = useLanguage()
  const volumes = machine.vm.spec.template.spec.volumes ?? []
  if (volumes.length === 0) return <Content component="p">{t('machine.disk.none')}</Content>
  return (
    <Table aria-label={t('machine.disk.table')} variant="compact" borders={false} gridBreakPoint="grid-md">
      <Thead>
        <Tr>
          <Th>{t('machine.disk.name')}</Th>
          <Th width={40}>{t('machine.disk.source')}</Th>
          <Th>{t('machine.disk.size')}</Th>
          <Th width={25}>{t('machine.disk.state')}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {volumes.map((volume) => {
          const name = volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName
          const dataVolume = dataVolumes.find(({ metadata }) => metadata.name === name)
          const claim = claims.find(({ metadata }) => metadata.name === name)
          return (
            <Tr key={volume.name}>
              <Td dataLabel={t('machine.disk.name')}>{volume.name}</Td>
              <Td dataLabel={t('machine.disk.source')} modifier="breakWord">
                {describeSource(volume, dataVolume, t)}
              </Td>
              <Td dataLabel={t('machine.disk.size')}>
                {name === undefined ? '–' : formatBytes(sizeOf(dataVolume, claim), language)}
              </Td>
              <Td dataLabel={t('machine.disk.state')}>
                {name === undefined ? '–' : <DiskState name={name} dataVolume={dataVolume} claim={claim} />}
              </Td>
            </Tr>
          )
        })}
      </Tbody>
    </Table>
  )
}

function describeSource(volume: Volume, dataVolume: DataVolume | undefined, t: Translate): string {
  const source = dataVolume?.spec.source
  if (source?.http) return t('machine.disk.import', { url: source.http.url })
  if (source?.pvc) return t('machine.disk.clone', { name: source.pvc.name })
  if (source?.blank) return t('machine.disk.blank')
  if (volume.cloudInitNoCloud ?? volume.cloudInitConfigDrive) return t('machine.disk.cloudInit')
  if (volume.containerDisk) return t('machine.disk.container', { name: volume.containerDisk.image })
  const claim = volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName
  return claim ? t('machine.disk.claim', { name: claim }) : t('machine.disk.other')
}

function sizeOf(dataVolume: DataVolume | undefined, claim: PersistentVolumeClaim | undefined): number | undefined {
  const wanted = (dataVolume?.spec.storage ?? dataVolume?.spec.pvc)?.resources?.requests?.storage
  return quantityBytes(claim?.status?.capacity?.storage ?? claim?.spec.resources?.requests?.storage ?? wanted)
}

function DiskState(props: {
  name: string
  dataVolume: DataVolume | undefined
  claim: PersistentVolumeClaim | undefined
}) {
  const t = useT()
  const { name, dataVolume, claim } = props
  if (!dataVolume && !claim) return <StatusLabel tone="waiting">{t('machine.disk.missing')}</StatusLabel>
  const failure = dataVolume && diskFailure(dataVolume)
  if (failure !== undefined) {
    return (
      <>
        <StatusLabel tone="bad">{t('machine.disk.failed')}</StatusLabel>
        <Content component="small">{failure}</Content>
      </>
    )
  }
  if (dataVolume && dataVolume.status?.phase !== 'Succeeded') {
    return (
      <>
        {t(`machine.disk.phase.${diskKind(dataVolume)}`)}
        <RelativeProgress
          label={t('machine.disk.progress', { name })}
          percent={readPercent(dataVolume.status?.progress)}
        />
      </>
    )
  }
  const ready = dataVolume !== undefined || claim?.status?.phase === 'Bound'
  return (
    <StatusLabel tone={ready ? 'good' : 'waiting'}>
      {t(ready ? 'machine.disk.ready' : 'machine.disk.waiting')}
    </StatusLabel>
  )
}
