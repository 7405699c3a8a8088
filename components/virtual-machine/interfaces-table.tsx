'use client'

import { Content } from '@patternfly/react-core'
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import type { Interface, VmiInterfaceStatus } from '@/contract/kinds/virtual-machine-instance'
import { useT } from '../i18n/use-t'
import { CopyButton } from '../ui/copy-button'
import type { Machine } from './machine'

/** The machine's network interfaces with the addresses that its guest has now. */
export function InterfacesTable({ machine }: { machine: Machine }) {
  const t = useT()
  const spec = machine.vmi?.spec ?? machine.vm.spec.template.spec
  const interfaces = spec.domain.devices.interfaces ?? []
  if (interfaces.length === 0) return <Content component="p">{t('machine.network.none')}</Content>
  return (
    <Table aria-label={t('machine.network.table')} variant="compact" borders={false} gridBreakPoint="grid-md">
      <Thead>
        <Tr>
          <Th>{t('machine.network.name')}</Th>
          <Th>{t('machine.network.network')}</Th>
          <Th>{t('machine.network.addresses')}</Th>
          <Th>{t('machine.network.mac')}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {interfaces.map((nic) => (
          <InterfaceRow key={nic.name} nic={nic} machine={machine} />
        ))}
      </Tbody>
    </Table>
  )
}

function InterfaceRow({ nic, machine }: { nic: Interface; machine: Machine }) {
  const t = useT()
  const spec = machine.vmi?.spec ?? machine.vm.spec.template.spec
  const network = spec.networks?.find(({ name }) => name === nic.name)
  const status = machine.vmi?.status?.interfaces?.find(({ name }) => name === nic.name)
  const addresses = status ? addressesOfInterface(status) : []
  return (
    <Tr>
      <Td dataLabel={t('machine.network.name')}>{nic.name}</Td>
      <Td dataLabel={t('machine.network.network')}>{network?.multus?.networkName ?? t('machine.network.pod')}</Td>
      <Td dataLabel={t('machine.network.addresses')}>
        {addresses.length === 0
          ? t('machine.network.noAddress')
          : addresses.map((address) => (
              <span key={address}>
                <code>{address}</code> <CopyButton text={address} />
              </span>
            ))}
      </Td>
      <Td dataLabel={t('machine.network.mac')}>{status?.mac ?? nic.macAddress ?? '–'}</Td>
    </Tr>
  )
}

function addressesOfInterface({ ipAddress, ipAddresses }: VmiInterfaceStatus): readonly string[] {
  return ipAddresses ?? (ipAddress ? [ipAddress] : [])
}
