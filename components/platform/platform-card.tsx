'use client'

import { Card, CardBody, CardHeader, CardTitle } from '@patternfly/react-core'
import type { ReactNode } from 'react'

/** One part of the platform. */
export function PlatformCard({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Card isFullHeight>
      <CardHeader>
        <CardTitle component="h2">{title}</CardTitle>
      </CardHeader>
      <CardBody>{children}</CardBody>
    </Card>
  )
}
