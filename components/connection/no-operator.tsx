'use client'

import { CubesIcon } from '@patternfly/react-icons'
import { useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { paths } from '../shell/paths'
import { CopyButton } from '../ui/copy-button'
import { LinkButton } from '../ui/link-button'
import { EmptyView } from '../ui/views'

/** What an administrator of the cluster runs, in a checkout of this version, after having read it. */
const command = 'kubectl apply -k deploy/'

/** For pages of our own kinds in a cluster that has no operator of ours: what it would add, and how it gets there. */
export function NoOperator({ adds }: { adds: string }) {
  const t = useT()
  const cluster = useCluster()
  return (
    <EmptyView
      icon={CubesIcon}
      title={t('connection.operator.title')}
      body={
        <>
          <p>{adds}</p>
          <p>{t('connection.operator.body')}</p>
          <p>
            <code>{command}</code> <CopyButton text={command} label={t('connection.operator.copy')} />
          </p>
        </>
      }
      action={<LinkButton href={paths.connection(cluster)}>{t('connection.switcher.report')}</LinkButton>}
    />
  )
}
