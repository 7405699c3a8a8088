'use client'

import { PageSection } from '@patternfly/react-core'
import { SearchIcon } from '@patternfly/react-icons'
import { useEffect } from 'react'
import { useT } from '../i18n/use-t'
import { LinkButton } from '../ui/link-button'
import { EmptyView, ErrorView } from '../ui/views'
import { BarePage } from './bare-page'
import { paths } from './paths'

/** An address that leads nowhere. */
export function NotFoundPage() {
  const t = useT()
  useEffect(() => {
    document.title = `${t('shell.notFound.title')} · Chiave`
  }, [t])
  return (
    <PageSection hasBodyWrapper={false} isFilled>
      <EmptyView
        headingLevel="h1"
        icon={SearchIcon}
        title={t('shell.notFound.title')}
        body={t('shell.notFound.body')}
        action={<LinkButton href={paths.home()}>{t('shell.notFound.home')}</LinkButton>}
      />
    </PageSection>
  )
}

/** The same where there is no cluster around it. */
export function BareNotFoundPage() {
  return (
    <BarePage>
      <NotFoundPage />
    </BarePage>
  )
}

/** A page that failed while it was drawn. */
export function FailedPage({ error, retry }: { error: Error; retry: () => void }) {
  const t = useT()
  return (
    <PageSection hasBodyWrapper={false} isFilled>
      <ErrorView
        headingLevel="h1"
        title={t('shell.failed.title')}
        body={error.message}
        wayOut={t('shell.failed.wayOut')}
        onRetry={retry}
      />
    </PageSection>
  )
}
