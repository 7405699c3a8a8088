'use client'

import { Label } from '@patternfly/react-core'
import {
  CheckCircleIcon,
  ExclamationCircleIcon,
  ExclamationTriangleIcon,
  InProgressIcon,
  OffIcon,
  PauseCircleIcon,
  PendingIcon,
  UnknownIcon,
} from '@patternfly/react-icons'
import type { ComponentType } from 'react'

/** What a state means to a person; decides colour and icon, never the words. */
export type Tone = 'good' | 'busy' | 'waiting' | 'paused' | 'off' | 'warning' | 'bad' | 'unknown'

const looks: Record<
  Tone,
  { color: 'green' | 'blue' | 'teal' | 'purple' | 'grey' | 'orange' | 'red'; icon: ComponentType }
> = {
  good: { color: 'green', icon: CheckCircleIcon },
  busy: { color: 'blue', icon: InProgressIcon },
  waiting: { color: 'teal', icon: PendingIcon },
  paused: { color: 'purple', icon: PauseCircleIcon },
  off: { color: 'grey', icon: OffIcon },
  warning: { color: 'orange', icon: ExclamationTriangleIcon },
  bad: { color: 'red', icon: ExclamationCircleIcon },
  unknown: { color: 'grey', icon: UnknownIcon },
}

/** A state in words, with colour and icon that do not depend on each other. */
export function StatusLabel({ tone, children, title }: { tone: Tone; children: string; title?: string | undefined }) {
  const { color, icon: Icon } = looks[tone]
  return (
    <Label color={color} icon={<Icon />} variant="outline" isCompact {...(title ? { title } : {})}>
      {children}
    </Label>
  )
}

/** The icon of a tone, for places where a label would be too much. */
export function toneIcon(tone: Tone): ComponentType {
  return looks[tone].icon
}
