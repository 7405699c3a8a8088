import { NetworksPage } from '@/components/networks/networks-page'

export default function NetworksRoute() {
  return <NetworksPage />
}
