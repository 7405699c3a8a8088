import { OverviewPage } from '@/components/overview/overview-page'

export default function OverviewRoute() {
  return <OverviewPage />
}
