import { ConnectionPage } from '@/components/connection/connection-page'

export default function ConnectionRoute() {
  return <ConnectionPage />
}
