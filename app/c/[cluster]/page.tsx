import { redirect } from 'next/navigation'
import { paths } from '@/components/shell/paths'

export default async function ClusterPage({ params }: { params: Promise<{ cluster: string }> }) {
  const { cluster } = await params
  redirect(paths.overview(decodeURIComponent(cluster)))
}
