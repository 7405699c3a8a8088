import { UserPage } from '@/components/users/user-page'
import { UsersPage } from '@/components/users/users-page'

export default async function UsersRoute({ params }: { params: Promise<{ name?: string[] }> }) {
  const [name] = (await params).name ?? []
  return name === undefined ? <UsersPage /> : <UserPage name={decodeURIComponent(name)} />
}
