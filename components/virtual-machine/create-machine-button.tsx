'use client'

import { Flex } from '@patternfly/react-core'
import { virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { AskLink } from '../access/ask-link'
import { useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { useAccessAnywhere } from '../kube/use-access'
import { useOffers } from '../kube/use-offers'
import { paths } from '../shell/paths'
import { LinkButton } from '../ui/link-button'

/** The way to a new machine, for who may make one anywhere. */
export function CreateMachineButton({ variant = 'primary' }: { variant?: 'primary' | 'secondary' }) {
  const t = useT()
  const cluster = useCluster()
  const { group, plural: resource } = virtualMachineKind
  const offered = useOffers(virtualMachineKind)
  const access = useAccessAnywhere({ verb: 'create', group, resource })
  const reason =
    offered === false
      ? t('platform.missingPart', { name: 'KubeVirt' })
      : access.allowed === false
        ? (access.reason ?? t('machines.refusal.forbidden'))
        : undefined
  return (
    <Flex gap={{ default: 'gapSm' }} alignItems={{ default: 'alignItemsCenter' }}>
      <LinkButton href={paths.createVirtualMachine(cluster)} variant={variant} disabledReason={reason}>
        {t('machines.create')}
      </LinkButton>
      {offered !== false && <AskLink missing={access.missing} />}
    </Flex>
  )
}
