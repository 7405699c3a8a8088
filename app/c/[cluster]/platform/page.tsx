import { PlatformPage } from '@/components/platform/platform-page'

export default function PlatformRoute() {
  return <PlatformPage />
}
