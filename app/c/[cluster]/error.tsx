'use client'

import { FailedPage } from '@/components/shell/trouble-pages'

export default function Failed({ error, reset }: { error: Error; reset: () => void }) {
  return <FailedPage error={error} retry={reset} />
}
