import { ActivityPage } from '@/components/activity/activity-page'

export default function ActivityRoute() {
  return <ActivityPage />
}
