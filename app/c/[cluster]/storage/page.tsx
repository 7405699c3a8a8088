import { StoragePage } from '@/components/storage/disk-list'

export default function StorageRoute() {
  return <StoragePage />
}
