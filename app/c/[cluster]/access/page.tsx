import { AccessPage } from '@/components/access/access-page'

export default function AccessRoute() {
  return <AccessPage />
}
