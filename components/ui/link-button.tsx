'use client'

import { Button, type ButtonProps, Tooltip } from '@patternfly/react-core'
import Link from 'next/link'
import type { ReactNode } from 'react'

export interface LinkButtonProps {
  href: string
  children: ReactNode
  variant?: NonNullable<ButtonProps['variant']>
  icon?: ReactNode
  isInline?: boolean
  /** Why one cannot go there; undefined when one can. */
  disabledReason?: string | undefined
}

/** A link that looks like a button: it leads to a page, so it can be opened in another tab. */
export function LinkButton({ href, children, variant = 'secondary', icon, isInline, disabledReason }: LinkButtonProps) {
  if (disabledReason !== undefined) {
    return (
      <Tooltip content={disabledReason}>
        <Button variant={variant} icon={icon} isAriaDisabled>
          {children}
        </Button>
      </Tooltip>
    )
  }
  return (
    <Button variant={variant} icon={icon} component={Link} href={href} isInline={isInline ?? false}>
      {children}
    </Button>
  )
}
