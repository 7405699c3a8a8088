'use client'

import type { DataVolume } from '@/contract/kinds/data-volume'
import { useT } from '../i18n/use-t'
import { RelativeProgress } from '../ui/relative-progress'
import { diskStateOf, percentOf } from './disk'

/** How far the filling of a disk is. */
export function ImportProgress({ dataVolume }: { dataVolume: DataVolume }) {
  const t = useT()
  const state = diskStateOf({ dataVolume })
  const percent = state === 'failed' ? undefined : percentOf(dataVolume)
  return (
    <RelativeProgress
      label={t('storage.progressOf', { name: dataVolume.metadata.name })}
      percent={percent}
      failed={state === 'failed'}
      {...(percent === undefined && state !== 'filling' ? { text: t(`storage.state.${state}`) } : {})}
    />
  )
}
