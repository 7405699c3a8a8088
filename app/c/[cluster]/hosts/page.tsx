import { HostListPage } from '@/components/hosts/host-list'

export default function HostsRoute() {
  return <HostListPage />
}
