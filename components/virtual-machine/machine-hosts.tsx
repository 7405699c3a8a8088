'use client'

import dynamic from 'next/dynamic'
import { useStore } from '../ui/store'
import { BulkResult } from './bulk-result'
import { deleteRequest } from './delete-request'

const DeleteDialog = dynamic(async () => (await import('./delete-dialog')).DeleteDialog, { ssr: false })

/** The dialogs that machine menus open. Each page with such menus has it once. */
export function MachineHosts({ onRetryBulk }: { onRetryBulk: () => void }) {
  const request = useStore(deleteRequest)
  return (
    <>
      <BulkResult onRetry={onRetryBulk} />
      {request && <DeleteDialog machines={request.machines} onClose={request.close} />}
    </>
  )
}
