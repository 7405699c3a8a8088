'use client'

import { Progress, ProgressMeasureLocation, ProgressVariant } from '@patternfly/react-core'

export interface CapacityBarProps {
  title: string
  used: number
  total: number
  /** Used and total in words. */
  text: string
  /** Above this share of the total the bar turns to a warning; default 0.9. */
  warnAbove?: number
}

/** How much of something is taken. More than all of it shows as full. */
export function CapacityBar({ title, used, total, text, warnAbove = 0.9 }: CapacityBarProps) {
  const share = total === 0 ? 0 : used / total
  return (
    <Progress
      title={title}
      value={Math.min(100, share * 100)}
      valueText={text}
      label={text}
      measureLocation={ProgressMeasureLocation.top}
      {...(share > warnAbove ? { variant: ProgressVariant.warning } : {})}
    />
  )
}
