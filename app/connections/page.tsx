import { ConnectionsPage } from '@/components/connection/connections-page'

export default function ConnectionsRoute() {
  return <ConnectionsPage />
}
