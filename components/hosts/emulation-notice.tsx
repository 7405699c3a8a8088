'use client'

import { Alert, Content, List, ListItem } from '@patternfly/react-core'
import { nodeKind } from '@/contract/kinds/core'
import { kubeVirtKind } from '@/contract/kinds/platform'
import { useT } from '../i18n/use-t'
import { useList } from '../kube/use-list'
import { emulationOf } from './host'

/** Tells, calmly, that guests are slow here and what would make them fast. Nothing where they are not. */
export function EmulationNotice() {
  const t = useT()
  const nodes = useList(nodeKind)
  const kubeVirts = useList(kubeVirtKind)
  const emulated = nodes.items.flatMap((node) => {
    const emulation = emulationOf(node, kubeVirts.items)
    return emulation ? [{ name: node.metadata.name, ...emulation }] : []
  })
  if (emulated.length === 0) return null
  return (
    <Alert
      isInline
      isExpandable
      component="h2"
      variant="info"
      variantLabel={t('ui.variant.info')}
      title={t(emulated.length === nodes.items.length ? 'hosts.emulation.everywhere' : 'hosts.emulation.somewhere', {
        hosts: emulated.map(({ name }) => name).join(', '),
      })}
      toggleAriaLabel={t('hosts.emulation.more')}
    >
      <Content component="p">{t('hosts.emulation.meaning')}</Content>
      {emulated.some(({ reason }) => reason) && (
        <List isPlain>
          {emulated.map(({ name, reason }) => reason && <ListItem key={name}>{`${name}: ${reason}`}</ListItem>)}
        </List>
      )}
      <Content component="p">{t('hosts.emulation.wayOut')}</Content>
    </Alert>
  )
}
