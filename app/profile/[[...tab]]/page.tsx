import { ProfilePage } from '@/components/profile/profile-page'

export default async function ProfileRoute({ params }: { params: Promise<{ tab?: string[] }> }) {
  const { tab } = await params
  return <ProfilePage tab={tab?.[0]} />
}
