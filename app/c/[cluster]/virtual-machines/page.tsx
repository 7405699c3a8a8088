import { MachineListPage } from '@/components/virtual-machine/list'

export default function MachineListRoute() {
  return <MachineListPage />
}
