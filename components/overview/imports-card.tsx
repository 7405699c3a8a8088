'use client'

import { Card, CardBody, CardFooter, CardHeader, CardTitle } from '@patternfly/react-core'
import { DownloadIcon } from '@patternfly/react-icons'
import Link from 'next/link'
import { dataVolumeKind } from '@/contract/kinds/data-volume'
import { useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { LiveSection } from '../kube/live-section'
import { MissingPart } from '../kube/missing-part'
import { useList } from '../kube/use-list'
import { useOffers } from '../kube/use-offers'
import { paths } from '../shell/paths'
import { diskReasonOf, isUnderWay } from '../storage/disk'
import { ImportProgress } from '../storage/import-progress'
import { EmptyView } from '../ui/views'
import styles from './overview.module.css'

const most = 5

/** Disks that are being filled, or could not be. */
export function ImportsCard() {
  const t = useT()
  const cluster = useCluster()
  const offered = useOffers(dataVolumeKind)
  const dataVolumes = useList(dataVolumeKind, { enabled: offered !== false })
  const imports = dataVolumes.items.filter(isUnderWay)
  return (
    <Card isFullHeight>
      <CardHeader>
        <CardTitle component="h2">{t('overview.imports.title')}</CardTitle>
      </CardHeader>
      <CardBody>
        {offered === false ? (
          <MissingPart part="cdi" small />
        ) : (
          <LiveSection of={[dataVolumes]}>
            {imports.length === 0 ? (
              <EmptyView small icon={DownloadIcon} title={t('overview.imports.none')} />
            ) : (
              <ul className={styles['imports']}>
                {imports.slice(0, most).map((dataVolume) => (
                  <li key={`${dataVolume.metadata.namespace}/${dataVolume.metadata.name}`}>
                    <div>{dataVolume.metadata.name}</div>
                    <ImportProgress dataVolume={dataVolume} />
                    {dataVolume.status?.phase === 'Failed' && (
                      <div className={styles['message']}>{diskReasonOf({ dataVolume })}</div>
                    )}
                  </li>
                ))}
              </ul>
            )}
          </LiveSection>
        )}
      </CardBody>
      <CardFooter>
        <Link href={paths.storage(cluster)}>{t('overview.imports.all')}</Link>
      </CardFooter>
    </Card>
  )
}
