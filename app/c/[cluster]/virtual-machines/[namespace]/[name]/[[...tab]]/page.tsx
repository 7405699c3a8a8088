import { VirtualMachinePage } from '@/components/virtual-machine/page'

export default async function VirtualMachineRoute({
  params,
}: {
  params: Promise<{ namespace: string; name: string; tab?: string[] }>
}) {
  const { namespace, name, tab } = await params
  return <VirtualMachinePage namespace={decodeURIComponent(namespace)} name={decodeURIComponent(name)} tab={tab?.[0]} />
}
