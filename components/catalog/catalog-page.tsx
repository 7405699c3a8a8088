'use client'

import { PageSection } from '@patternfly/react-core'
import { useRouter } from 'next/navigation'
import { useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { paths } from '../shell/paths'
import { PageHeader } from '../ui/page-header'
import { ImageGallery } from './image-gallery'

/** The images that machines can be made from; choosing one begins a machine. */
export function CatalogPage() {
  const t = useT()
  const router = useRouter()
  const cluster = useCluster()
  return (
    <>
      <PageHeader title={t('shell.page.catalog')} description={t('catalog.description')} />
      <PageSection hasBodyWrapper={false} isFilled>
        <ImageGallery onChoose={(image) => router.push(paths.createVirtualMachine(cluster, { image }))} />
      </PageSection>
    </>
  )
}
