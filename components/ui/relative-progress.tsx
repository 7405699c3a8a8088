'use client'

import { Progress, ProgressMeasureLocation, ProgressSize, ProgressVariant } from '@patternfly/react-core'
import { useUiText } from './use-ui-text'

export interface RelativeProgressProps {
  /** What is under way, for those who cannot see the bar. */
  label: string
  /** 0 to 100; undefined when nobody knows how far it is. */
  percent: number | undefined
  failed?: boolean
  /** Instead of the percentage. */
  text?: string
}

/** A small bar for work under way. */
export function RelativeProgress({ label, percent, failed, text }: RelativeProgressProps) {
  const t = useUiText()
  const value = percent === undefined ? 0 : Math.max(0, Math.min(100, percent))
  const words = text ?? (percent === undefined ? t('ui.progress.unknown') : `${Math.floor(value)} %`)
  return (
    <Progress
      aria-label={label}
      value={value}
      valueText={words}
      label={words}
      size={ProgressSize.sm}
      measureLocation={ProgressMeasureLocation.outside}
      {...(failed ? { variant: ProgressVariant.danger } : {})}
    />
  )
}
