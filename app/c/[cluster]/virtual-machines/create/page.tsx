import { CreateVirtualMachinePage } from '@/components/virtual-machine/create/page'

export default function CreateVirtualMachineRoute() {
  return <CreateVirtualMachinePage />
}
